/**
 * A registry of images of a test's own, on loopback, which asks for a password. Needs
 * `apt-get install docker-registry`; where that is missing, `reason` says so.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = "/usr/bin/docker-registry";
const readyTimeoutMs = 10_000;

export const registryUser = { username: "ada", password: "test-secret" };
/** htpasswd's form, by bcrypt; of this test alone. */
const passwordLine = "ada:$2b$05$abcdefghijklmnopqrstuuZrCpbbZVvQpu3vLh8oq4feQ.gGB4GY.";

export interface DockerRegistry {
  /** `127.0.0.1:PORT`: Docker speaks plain HTTP with loopback. */
  readonly address: string;
  close(): Promise<void>;
}

export const registryMissing = (): string | null =>
  existsSync(program) ? null : "no docker-registry: apt-get install docker-registry";

export async function startDockerRegistry(): Promise<DockerRegistry> {
  const directory = mkdtempSync(join(tmpdir(), "almanac-registry-"));
  const [users, config] = [join(directory, "htpasswd"), join(directory, "config.yml")];
  writeFileSync(users, `${passwordLine}\n`);
  writeFileSync(config, configuration(join(directory, "data"), users));
  const child = spawn(program, ["serve", config], { stdio: ["ignore", "pipe", "pipe"] });
  const close = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.kill("SIGKILL")) await gone;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    return { address: `127.0.0.1:${await portOf(child)}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const configuration = (data: string, users: string): string => `version: 0.1
log: {level: info}
storage: {filesystem: {rootdirectory: ${data}}}
http: {addr: "127.0.0.1:0", secret: test}
auth: {htpasswd: {realm: test, path: ${users}}}
`;

/** It says where it listens once it does. */
function portOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (): void => reject(new Error(`docker-registry does not start: ${said}`));
    const timer = setTimeout(fail, readyTimeoutMs);
    const read = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-64_000);
      const match = /listening on 127\.0\.0\.1:(\d+)/.exec(said);
      if (match?.[1] === undefined) return;
      clearTimeout(timer);
      resolve(match[1]);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", fail);
    child.once("error", fail);
  });
}
