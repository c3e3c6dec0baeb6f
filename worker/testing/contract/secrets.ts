/** Of every driver: a program has its secrets, and what the driver writes to a disk has not. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { filesWith, newCanary } from "../../../test/support/canary.js";
import { attemptDirectory } from "../../ipc/paths.js";
import { createSecretPlaces, type SecretPlaces } from "../../secrets/places.js";
import type { DriverHarness } from "../driver-harness.js";
import { command, newAttempt, shell } from "../launches.js";

export function secrets(harness: () => DriverHarness): void {
  const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

  test("gives a program its secret files, of any bytes and at any depth, to read", async () => {
    const attempt = newAttempt();
    const value = Buffer.from([0, 255, 10, 13, 39, 92, 36, 96]);
    const path = `tls/it's $HOME/${"deep/".repeat(20)}key.pem`;
    const files = [
      { path, valueBase64: value.toString("base64") },
      { path: "token", valueBase64: Buffer.from("t").toString("base64") },
    ];
    await withPlaces(harness(), async (places) => {
      const made = await places.make(attempt, files);
      if (!made.ok) throw new Error(made.error);
      const script = `cd "$ALMANAC_SECRETS_DIRECTORY" && sha256sum <"$KEY" && stat -c %a "$KEY" token && cat token`;
      const given = command(shell(script), { env: { KEY: path } });
      await harness().end({ attempt, command: given, secrets: inMemory(made.value, true) });
    });
    // Read by others only where nobody can be told apart, behind a directory that they cannot enter.
    const said = new RegExp(`^${sha256(value)}  -\n(400|444)\n\\1\nt$`);
    expect(await harness().log(attempt, "stdout")).toMatch(said);
  });

  test("says where they are only where there are some", async () => {
    const attempt = newAttempt();
    const script = 'echo "${ALMANAC_SECRETS_DIRECTORY-none}"';
    await harness().end({ attempt, command: command(shell(script)) });
    expect(await harness().log(attempt, "stdout")).toBe("none\n");
  });

  test("gives secret variables, and writes them to nothing in the attempt's directory", async () => {
    const attempt = newAttempt();
    const canary = newCanary();
    await withPlaces(harness(), async (places) => {
      const made = await places.make(attempt, []);
      if (!made.ok) throw new Error(made.error);
      const script = 'printf %s "$TOKEN" | sha256sum; sleep 1';
      const running = await harness().run({
        attempt,
        command: command(shell(script), { env: { TOKEN: canary } }),
        secrets: inMemory(made.value, false),
      });
      const directory = attemptDirectory(harness().dataDirectory, attempt);
      expect(filesWith(canary, directory)).toEqual([]);
      await running.ended;
      expect(filesWith(canary, directory)).toEqual([]);
    });
    const said = `${sha256(Buffer.from(canary))}  -\n`;
    expect(await harness().log(attempt, "stdout")).toBe(said);
  });
}

const inMemory = (directory: string, hasFiles: boolean) => ({ directory, hasFiles });

async function withPlaces(
  { dataDirectory }: DriverHarness,
  act: (places: SecretPlaces) => Promise<void>,
): Promise<void> {
  const places = createSecretPlaces(`${dataDirectory}-${newAttempt()}`);
  try {
    await act(places);
  } finally {
    await places.keepOnly([]);
    await places.close();
  }
}
