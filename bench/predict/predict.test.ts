import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../core/random.js";
import { boostDefaults } from "../../models/pure/boost.js";
import { anchor, globalMean, groupMedian, lastTwo, userEstimate } from "./baselines.js";
import { acrossMachines } from "./lotaru-speed.js";
import { replayMemory } from "./memory.js";
import { createScorer } from "./metrics.js";
import { createLearner, ownTrees } from "./models.js";
import { plainTrees } from "./plain-trees.js";
import { readTrace } from "./read.js";
import { type Method, replay } from "./replay.js";
import { served } from "./served.js";
import { groupNames, type Trace, traceBuilder } from "./trace.js";

const folder = mkdtempSync(join(tmpdir(), "almanac-predict-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("reading traces", () => {
  it("SWF, packed: seconds, statuses, what is not recorded", () => {
    const trace = read("three.swf.gz", [
      "; a comment",
      "1 100 5 60 4 -1 -1 4 120 -1 1 7 1 3 1 -1 -1 -1",
      "2 50 0 0 -1 -1 -1 2 -1 -1 1 7 1 3 1 -1 -1 -1",
      "3 110 0 9 4 -1 -1 4 120 -1 5 8 1 3 1 -1 -1 -1",
      "4 111 0 -1 4 -1 -1 4 120 -1 0 8 1 3 1 -1 -1 -1",
    ]);
    expect(trace).toMatchObject({ rows: 3, skipped: 1 });
    expect([...trace.submitAtMs]).toEqual([50_000, 100_000, 110_000]);
    expect([...trace.durationMs]).toEqual([1_000, 60_000, 9_000]);
    expect([...trace.endAtMs]).toEqual([51_000, 165_000, 119_000]);
    expect([...trace.userMs]).toEqual([Number.NaN, 120_000, 120_000]);
    expect([...trace.succeeded]).toEqual([1, 1, 0]);
    expect(groupNames(trace, 1)[2]).toBe("user 7 program 3");
  });

  it("Nextflow's CSV, with quoted commas; not what is known only afterwards", () => {
    const trace = read("run.csv", [
      "task_id,process,tag,status,container,cpus,time,memory,attempt,submit,start,complete,realtime,rchar",
      '1,"ALIGN, TWICE",s1,COMPLETED,img,2,-,1024,1,1000,2000,5000,2500,999',
      "2,SORT,s1,FAILED,img,2,60000,1024,1,1500,2000,5000,10,999",
      "3,SORT,s1,ABORTED,img,2,60000,1024,1,-,-,-,-,-",
    ]);
    expect(trace).toMatchObject({ rows: 2, skipped: 1 });
    expect(groupNames(trace, 0)[2]).toBe("run ALIGN, TWICE");
    expect([...trace.userMs]).toEqual([Number.NaN, 60_000]);
    expect([...trace.succeeded]).toEqual([1, 0]);
    expect([...trace.inputBytes]).toEqual([Number.NaN, Number.NaN]);
  });

  it("says what it expected of anything else", () => {
    writeFileSync(join(folder, "other.csv"), "a,b\n1,2\n");
    expect(() => readTrace(join(folder, "other.csv"))).toThrow("expected SWF");
    writeFileSync(join(folder, "empty.swf"), "; nothing\n");
    expect(() => readTrace(join(folder, "empty.swf"))).toThrow("no run");
  });
});

describe("a replay", () => {
  it("tells a method of a run only when it has ended, and of failures never", () => {
    const trace = drawn(400, 3);
    const told = new Set<number>();
    let lastEndMs = 0;
    const witness: Method = {
      name: "witness",
      predict({ row, nowMs }) {
        for (const ended of told) expect(trace.endAtMs[ended]).toBeLessThanOrEqual(nowMs);
        for (let before = 0; before < row; before++) {
          const hasEnded = (trace.endAtMs[before] ?? 0) <= nowMs;
          expect(told.has(before)).toBe(hasEnded && trace.succeeded[before] === 1);
        }
        return null;
      },
      observe({ row, nowMs }) {
        expect(nowMs).toBeGreaterThanOrEqual(lastEndMs);
        lastEndMs = nowMs;
        told.add(row);
      },
    };
    const [result] = replay(trace, [witness]);
    expect(result?.scores.all.rows).toBe(trace.succeeded.reduce((sum, one) => sum + one, 0));
  });

  it("is the same again, trainings included", () => {
    const run = () => {
      const trace = drawn(700, 5);
      const settings = { ...boostDefaults, trees: 20 };
      const learner = createLearner(settings, { growth: 1.6, runsMax: 500 });
      const methods = [userEstimate(trace), globalMean(), lastTwo(trace), groupMedian(), anchor()];
      const trees = [plainTrees(settings), ownTrees(learner)];
      return replay(trace, [...methods, ...trees, served(trace, learner)]);
    };
    const first = run();
    expect(run()).toEqual(first);
    for (const { scores } of first)
      expect(scores.all.rows).toBe(scores.cold.rows + scores.warm.rows);
  });
});

describe("scores", () => {
  it("of twice too long, exactly right, and half too long", () => {
    const scorer = createScorer();
    scorer.add(2_000, 2_000, 1_000, true);
    scorer.add(1_000, 1_000, 1_000, false);
    scorer.add(1_000, 1_200, 1_500, false);
    const { all, cold, warm } = scorer.scores();
    expect(cold).toMatchObject({ rows: 1, medianPercentError: 100, withinTwo: 1, coverage90: 1 });
    expect(cold.meanLogError).toBeCloseTo(Math.LN2, 12);
    expect(warm.coverage90).toBe(0.5);
    expect(all.pinball50).toBeCloseTo((Math.LN2 + Math.log(1.5)) / 6, 12);
  });
});

describe("peaks of memory", () => {
  it("are learnt from what had ended: less is set aside, and most runs are held", () => {
    const random = seededRandom(6);
    const builder = traceBuilder("peaks");
    for (let row = 0; row < 600; row++) {
      const kind = `kind ${row % 3}`;
      builder.add({
        submitAtMs: row * 1_000,
        startAtMs: row * 1_000,
        durationMs: 5_000,
        succeeded: true,
        memoryBytes: 8_000,
        peakBytes: (1 + (row % 3)) * 500 * (0.8 + 0.4 * random()),
        user: "user",
        groups: [`${kind} of it`, kind, kind, "owner", "all"],
      });
    }
    const [asked, , both] = replayMemory(builder.build());
    expect(asked).toMatchObject({ runs: 600, within: 1 });
    expect(both?.within).toBeGreaterThan(0.93);
    expect(both?.overAll).toBeLessThan(0.4 * (asked?.overAll ?? 0));
    expect(replayMemory(drawn(20, 1))).toEqual([]);
  });
});

describe("across machines", () => {
  it("a factor from other workflows carries what was measured on the reference", () => {
    const runs = ["local", "slow"].flatMap((machine) =>
      ["a", "b"].flatMap((workflow) =>
        [1, 2, 3].map((size) => ({
          machine,
          workflow,
          task: "t",
          work: `${workflow} ${size}`,
          inputBytes: size,
          durationMs: size * (machine === "slow" ? 300 : 100),
          cpus: 1,
          memoryBytes: 1,
        })),
      ),
    );
    const [slow] = acrossMachines(runs);
    expect(slow).toMatchObject({ machine: "slow", runs: 6 });
    expect(slow?.withFactor).toBeCloseTo(0, 9);
    expect(slow?.factorless).toBeCloseTo(200 / 3, 6);
  });
});

function read(name: string, lines: readonly string[]): Trace {
  const text = Buffer.from(`${lines.join("\n")}\n`);
  writeFileSync(join(folder, name), name.endsWith(".gz") ? gzipSync(text) : text);
  return readTrace(join(folder, name)).trace;
}

function drawn(rows: number, kinds: number): Trace {
  const random = seededRandom(rows);
  const builder = traceBuilder("drawn");
  for (let row = 0; row < rows; row++) {
    const kind = `kind ${Math.floor(random() * kinds)}`;
    const submitAtMs = Math.floor(row / 3) * 1_000;
    builder.add({
      submitAtMs,
      startAtMs: submitAtMs + Math.floor(random() * 2_000),
      durationMs: 100 + Math.floor(random() * 20_000),
      succeeded: random() < 0.9,
      user: kind,
      groups: [`${kind} ${row % 4}`, kind, kind, "owner", "all"],
    });
  }
  return builder.build();
}
