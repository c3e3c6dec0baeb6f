import { describe, expect, it } from "vitest";
import { parseTarget } from "./target.js";

describe("a target", () => {
  it("is a job, or a task of it whose name may hold anything", () => {
    expect(parseTarget("latest")).toEqual({ job: "latest", task: "" });
    expect(parseTarget("abc/train[lr=0.1,path=a/b]")).toEqual({
      job: "abc",
      task: "train[lr=0.1,path=a/b]",
    });
  });

  it.each(["", "/train", "abc/"])("is refused where a part is missing: %j", (text) => {
    expect(() => parseTarget(text)).toThrow("JOB or JOB/TASK");
  });
});
