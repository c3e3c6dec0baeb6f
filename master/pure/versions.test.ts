import { describe, expect, it } from "vitest";
import { versionRefusal } from "./versions.js";

const refusal = (worker: string, master: string) => versionRefusal("blue", worker, master);

describe("versions of worker and master", () => {
  it.each([
    ["0.4.0", "0.4.0"],
    ["0.4.9", "0.4.0"],
    ["0.3.7", "0.4.0"],
    ["0.5.0", "0.4.2"],
    ["0.5.0-rc.1", "0.4.0"],
    ["1.0.0", "1.1.0"],
  ])("%s works with %s", (worker, master) => {
    expect(refusal(worker, master)).toBeNull();
  });

  it.each([
    ["0.2.9", "0.4.0"],
    ["0.6.0", "0.4.9"],
    ["1.4.0", "0.4.0"],
    ["0.4.0", "1.0.0"],
    ["", "0.4.0"],
    ["0.4", "0.4.0"],
    ["0.40000000000.0", "0.4.0"],
  ])("%s is refused by %s", (worker, master) => {
    expect(refusal(worker, master)).toMatchObject({ code: "failed_precondition" });
  });

  it("that are too far apart are both named, with what to do about the older one", () => {
    const tooOld = refusal("0.2.0", "0.4.1");
    expect(tooOld?.message).toContain("worker blue is version 0.2.0, the master is version 0.4.1");
    expect(tooOld?.message).toContain("install 0.4 on the worker");
    expect(refusal("0.6.0", "0.4.1")?.message).toContain("upgrade the master first");
  });
});
