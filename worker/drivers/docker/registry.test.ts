/** Images from a real registry that asks for a password: pull policies, credentials, and what fails. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DockerOptions } from "../../../core/drivers.js";
import { startDockerDaemon } from "../../testing/docker-daemon.js";
import { dockerOptions, dockerPolicy, testImage } from "../../testing/docker-options.js";
import {
  type DockerRegistry,
  registryMissing,
  registryUser,
  startDockerRegistry,
} from "../../testing/docker-registry.js";
import { createHarness, type DriverHarness } from "../../testing/driver-harness.js";
import { argv, command } from "../../testing/launches.js";
import { createDockerDriver } from "./docker.js";

const missing = registryMissing();
const { daemon, reason } = await startDockerDaemon();
afterAll(() => daemon?.close());
const why = reason ?? missing;
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe.skipIf(why !== null)(`images from a registry${why === null ? "" : `: ${why}`}`, () => {
  let registry: DockerRegistry;
  let harness: DriverHarness;
  let image: string;
  const docker = (): Docker => {
    if (daemon === null) throw new Error("no daemon");
    return daemon.docker;
  };

  beforeAll(async () => {
    registry = await startDockerRegistry();
    image = `${registry.address}/tools/shell:1`;
    harness = await createHarness((dataDirectory) => {
      const file = (name: string, content: unknown): string => {
        const path = join(dataDirectory, name);
        writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
        return path;
      };
      const credentials = {
        ours: file("ours.json", registryUser),
        wrong: file("wrong.json", { ...registryUser, password: "another" }),
        broken: file("broken.json", { username: "ada" }),
      };
      const policy = dockerPolicy({ socket: daemon?.socket ?? "", credentials });
      return createDockerDriver({ dataDirectory, policy, log, onChange: () => undefined });
    });
    await push("first");
  });
  afterAll(async () => {
    await harness.close();
    await registry.close();
  });

  /** The test image under the registry's name, with a label that tells it from what was there. */
  async function push(label: string): Promise<void> {
    const made = await docker().createContainer({ Image: testImage, Cmd: ["true"] });
    const [repo, tag] = [image.replace(/:1$/, ""), "1"];
    await made.commit({ repo, tag, changes: `LABEL version=${label}` });
    await made.remove();
    const authconfig = { ...registryUser, serveraddress: registry.address };
    const pushed: Promise<NodeJS.ReadableStream> = docker().getImage(image).push({ authconfig });
    const progress = await pushed;
    await new Promise<void>((resolve, reject) => {
      docker().modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
    });
  }
  const forget = async (): Promise<void> => {
    await docker()
      .getImage(image)
      .remove({ force: true })
      .catch(() => undefined);
  };
  const version = async (): Promise<string | undefined> =>
    (await docker().getImage(image).inspect()).Config.Labels?.version;
  const start = (more: Partial<DockerOptions>) => ({
    command: command(argv("true"), {
      options: dockerOptions({ image, credentials: "ours", ...more }),
    }),
  });

  test("missing pulls what is not here, and leaves alone what is", async () => {
    await forget();
    const { outcome } = await harness.end(start({ pull: "missing" }));
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
    const again = await harness.end(start({ pull: "missing", credentials: "wrong" }));
    expect(again.outcome).toEqual({ kind: "exited", exitCode: 0 });
  });

  test("always takes what the registry has now, never does not ask it", async () => {
    await push("second");
    const second = await docker().getImage(image).inspect();
    await forget();
    const name = { repo: image.replace(/:1$/, ""), tag: "1" };
    const tagged: Promise<unknown> = docker().getImage(testImage).tag(name);
    await tagged;
    await harness.end(start({ pull: "never", credentials: "wrong" }));
    expect(await version()).toBeUndefined();
    await harness.end(start({ pull: "always" }));
    expect(await version()).toBe("second");
    expect((await docker().getImage(image).inspect()).Id).toBe(second.Id);
  });

  const failures: [string, Partial<DockerOptions>, RegExp][] = [
    [
      "an image that is not here, never pulled",
      { pull: "never" },
      /^docker\.image: .*pull is never/,
    ],
    [
      "wrong credentials",
      { credentials: "wrong" },
      /^docker\.credentials: .* refuses those of wrong/,
    ],
    ["none", { credentials: null }, /^docker\.credentials: .* asks for them/],
    [
      "a file without a password",
      { credentials: "broken" },
      /^docker\.credentials: .* broken .* needs/,
    ],
    ["a name that the worker does not have", { credentials: "theirs" }, /theirs is not among/],
  ];
  test.each(failures)("%s is named", async (_name, more, words) => {
    await forget();
    expect(await harness.failure(start(more))).toMatch(words);
  });

  test("an image that the registry does not have is named", async () => {
    const absent = `${registry.address}/tools/absent:1`;
    const words = await harness.failure(start({ image: absent }));
    expect(words).toMatch(/^docker\.image: .*absent:1 cannot be pulled, .* has no such image/);
  });

  test("no secret gets into what is said", async () => {
    await forget();
    expect(await harness.failure(start({ credentials: "wrong" }))).not.toContain("another");
  });

  test("a registry that is down is named, and does not matter to what is here", async () => {
    await harness.end(start({ pull: "missing" }));
    await registry.close();
    const words = await harness.failure(start({ pull: "always" }));
    expect(words).toMatch(/^docker\.image: .* its registry does not answer/);
    const { outcome } = await harness.end(start({ pull: "missing" }));
    expect(outcome).toEqual({ kind: "exited", exitCode: 0 });
  });
});
