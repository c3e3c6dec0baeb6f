/** Images by name: on the node already, or pulled with the credentials that the worker keeps. */
import { readFileSync } from "node:fs";
import type Docker from "dockerode";
import type { DockerOptions } from "../../../core/drivers.js";
import { messageOf } from "../../log.js";
import { type Daemon, statusOf } from "./daemon.js";
import { fail, type Outcome, ok } from "./outcome.js";
import type { DockerPolicy } from "./policy.js";

export async function ensureImage(
  daemon: Daemon,
  options: DockerOptions,
  policy: DockerPolicy,
  signal: AbortSignal,
): Promise<Outcome<null>> {
  const { image, pull } = options;
  const present = pull !== "always" && (await daemon.call((docker) => isPresent(docker, image)));
  if (present) return ok(null);
  if (pull === "never") {
    return fail(`docker.image: ${image} is not on this node, and docker.pull is never`);
  }
  const credentials = readCredentials(options.credentials, policy);
  if (!credentials.ok) return credentials;
  try {
    await daemon.call((docker) => pullImage(docker, image, credentials.value, signal), {
      signal,
      long: true,
    });
    return ok(null);
  } catch (error) {
    return fail(pullFailure(options, messageOf(error)));
  }
}

/** Words of Docker 20 to 28 and of registries, by what is to be done about them. */
const refused = /unauthorized|authentication required|no basic auth|incorrect username|401/i;
const absent = /manifest unknown|manifest for .* not found|name unknown|not found|does not exist/i;
const unreachable = /connection refused|no such host|timeout|dial tcp|unreachable|EOF/i;

function pullFailure({ image, credentials }: DockerOptions, message: string): string {
  const failed = `${image} cannot be pulled`;
  if (refused.test(message)) {
    return credentials === null
      ? `docker.credentials: ${failed} without, its registry asks for them: ${message}`
      : `docker.credentials: ${failed}, its registry refuses those of ${credentials}: ${message}`;
  }
  if (unreachable.test(message)) {
    return `docker.image: ${failed}, its registry does not answer: ${message}`;
  }
  if (absent.test(message)) {
    return `docker.image: ${failed}, its registry has no such image: ${message}`;
  }
  return `docker.image: ${failed}: ${message}`;
}

async function isPresent(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

async function pullImage(
  docker: Docker,
  image: string,
  authconfig: Docker.AuthConfig | null,
  abortSignal: AbortSignal,
): Promise<void> {
  const named = withTag(image);
  const progress = await docker.pull(named, {
    abortSignal,
    ...(authconfig !== null && { authconfig }),
  });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Without a tag the daemon would pull all there are. */
function withTag(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  return /[:@]/.test(last) ? image : `${image}:latest`;
}

/** A file of `{"username", "password", "serveraddress"}`, the last of them optional. */
function readCredentials(
  name: string | null,
  policy: DockerPolicy,
): Outcome<Docker.AuthConfig | null> {
  if (name === null) return ok(null);
  const path = policy.credentials[name];
  const unreadable = `docker.credentials: the file of ${name} in worker.docker.credentials`;
  if (path === undefined) return fail(`${unreadable} is not set`);
  try {
    const given: unknown = JSON.parse(readFileSync(path, "utf8"));
    const { username, password, serveraddress = "" } = textsOf(given);
    if (username === undefined || password === undefined) {
      return fail(`${unreadable} needs username and password`);
    }
    return ok({ username, password, serveraddress });
  } catch {
    // Not its own words: they may quote the file.
    return fail(`${unreadable} cannot be read`);
  }
}

function textsOf(value: unknown): Partial<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  const texts = Object.entries(value).filter((entry) => typeof entry[1] === "string");
  return Object.fromEntries(texts);
}
