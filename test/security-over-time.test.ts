/** What joining has given, across a restart of the master and from one certificate to the next. */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { createClient } from "../cli/client.js";
import { readCredentials } from "../proto/security/credentials.js";
import { join } from "../proto/security/join.js";
import { keepRenewed } from "../proto/security/membership.js";
import {
  folder,
  freshDirectory,
  localOf,
  log,
  start,
  tokenFor,
} from "./support/secured-masters.js";

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("across a restart of the master", () => {
  it("a used token stays used, a barred certificate barred, and a good one good", async () => {
    const first = await start("restart");
    const admin = createClient(first.address, localOf("restart"));
    const [good, bad] = [
      await tokenFor(admin, "user", "good"),
      await tokenFor(admin, "user", "bad"),
    ];
    const joinWith = (token: string, address: string) =>
      join({ token, address, directory: freshDirectory() });
    const goodOne = await joinWith(good, first.address);
    const badOne = await joinWith(bad, first.address);
    await admin.revoke("bad", null);
    admin.close();
    await first.stop();
    if (!goodOne.ok || !badOne.ok) throw new Error("did not join");

    const second = await start("restart");
    expect(await joinWith(good, second.address)).toMatchObject({
      error: { message: expect.stringContaining("used already") },
    });
    const [goodClient, badClient] = [goodOne, badOne].map(({ value }) =>
      createClient(second.address, value),
    );
    expect(await goodClient?.status()).toMatchObject({ ok: true });
    expect(await badClient?.status()).toMatchObject({ error: { code: "permission_denied" } });
    goodClient?.close();
    badClient?.close();
    await second.stop();
  });
});

describe("certificates of three seconds", () => {
  it("renew by themselves, the master's and a member's, and an old one is refused", async () => {
    const master = await start("brief", 3_000);
    const admin = createClient(master.address, localOf("brief"));
    const token = await tokenFor(admin, "user", "carol");
    admin.close();
    const directory = freshDirectory();
    const joined = await join({ token, address: master.address, directory });
    if (!joined.ok) throw new Error(joined.error.message);
    const first = joined.value;
    const { address } = master;
    const membership = keepRenewed({ address, directory, credentials: first, log });
    await sleep(5_000);
    expect(membership.current().chainPem).not.toBe(first.chainPem);
    expect(readCredentials(directory)).toEqual(membership.current());
    const now = createClient(address, membership.current());
    expect(await now.status()).toMatchObject({ ok: true });
    now.close();
    const old = createClient(address, first);
    expect(await old.status()).toMatchObject({ ok: false });
    old.close();
    membership.stop();
    await master.stop();
  });
});
