import { spawn } from "node:child_process";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { machinesMissing, testQemu } from "../../testing/guest-images.js";
import { createQmpClient } from "./qmp.js";

test.skipIf(machinesMissing() !== null)(
  "a real QEMU stops, goes on and quits as told",
  async () => {
    const child = spawn(
      testQemu,
      [
        ...["-M", "none", "-nodefaults", "-display", "none"],
        ...["-chardev", "socket,id=qmp,fd=3", "-mon", "chardev=qmp,mode=control"],
      ],
      { stdio: ["ignore", "ignore", "ignore", "pipe"] },
    );
    const exited = once(child, "exit");
    const stream = child.stdio[3];
    if (!(stream instanceof Duplex)) throw new Error("no channel");
    stream.on("error", () => undefined);
    const qmp = createQmpClient(stream);
    const running = async (): Promise<unknown> => {
      const status = await qmp.execute("query-status");
      return status.ok ? status.value : status.error;
    };
    expect(await running()).toMatchObject({ running: true });
    await qmp.execute("stop");
    expect(await running()).toMatchObject({ running: false });
    await qmp.execute("cont");
    expect(await running()).toMatchObject({ running: true });
    expect(await qmp.execute("quit")).toMatchObject({ ok: true });
    expect(await exited).toEqual([0, null]);
    expect(await running()).toBe("QEMU has gone");
  },
);
