import { describe, expect, it } from "vitest";
import type { JobView, WatchEvent } from "../../core/views.js";
import { applyWatchEvent, emptyProgress, renderChange, renderProgress } from "./progress.js";
import { createProgressDisplay, redraw } from "./progress-display.js";
import {
  type JobShape,
  jobFixture,
  screenOf,
  submittedAtMs,
  threeWorkers,
} from "./testing/fixtures.js";
import { expectRendering } from "./testing/laws.js";

const nowMs = submittedAtMs + 11_000;

function eventsOf(job: JobView): WatchEvent[] {
  const changes: WatchEvent["change"][] = [
    { kind: "snapshot", job: job.summary },
    ...job.tasks
      .filter(({ state }) => state !== "pending")
      .map((task) => ({ kind: "task", task }) as const),
    {
      kind: "plan",
      plan: { version: 17, solver: "highs", makespanMs: 92_000, boundMs: 88_900, gap: 0.034 },
    },
    { kind: "job", job: job.summary },
  ];
  return changes.map((change, index) => ({ sequence: index + 1, atMs: nowMs, change }));
}

function modelOf(shape: JobShape): ReturnType<typeof emptyProgress> {
  const model = emptyProgress();
  for (const event of eventsOf(jobFixture(shape))) applyWatchEvent(model, event);
  return model;
}

const shape: JobShape = { tasks: 16, workers: threeWorkers, atMs: 11_000, failEvery: 3 };

describe("live progress", () => {
  it("shows what is done, what runs where, and when it will be finished", () => {
    const model = modelOf(shape);
    return expectRendering((screen) => renderProgress(model, screen), nowMs, {
      name: "progress-80",
      width: 80,
    });
  });

  it.each([0, 1, 5_000])("is drawn for %d tasks", (tasks) => {
    const model = modelOf({ ...shape, tasks });
    return expectRendering((screen) => renderProgress(model, screen), nowMs);
  });

  it("stays a few lines however many workers run something", () => {
    const workers = Array.from({ length: 50 }, (_, i) => ({ name: `w-${i}`, slots: 2, speed: 1 }));
    const lines = renderProgress(modelOf({ ...shape, tasks: 500, workers }), screenOf(80, nowMs));
    expect(lines.length).toBeLessThanOrEqual(15);
    expect(lines.join("\n")).toContain("on 42 more workers");
  });

  it("waits for the first word of the job", () => {
    expect(renderProgress(emptyProgress(), screenOf(80))).toEqual(["waiting for the job …"]);
  });

  it("leaves the last frame on the terminal and nothing of the earlier ones", () => {
    const frames = [["one", "two two", "three"], ["1"], ["a", "b", "c", "d"]];
    let drawn = 0;
    let written = "";
    for (const frame of frames) {
      written += redraw(drawn, frame);
      drawn = frame.length;
    }
    expect(terminalAfter(`before\n${written}`)).toEqual(["before", "a", "b", "c", "d"]);
  });

  it("draws only when it is asked to, and gives the cursor back", () => {
    const writes: string[] = [];
    const output = { write: (text: string) => writes.push(text) };
    const display = createProgressDisplay(output, () => screenOf(80, nowMs), true);
    for (const event of eventsOf(jobFixture(shape))) display.apply(event);
    expect(writes).toEqual([]);
    display.draw();
    display.finish();
    expect(terminalAfter(writes.join(""))).toEqual(
      renderProgress(modelOf(shape), screenOf(80, nowMs)),
    );
    expect(writes.at(-1)).toBe("\u001b[?25h");
  });
});

describe("progress without a terminal", () => {
  it("is one line per change, without control characters", () => {
    const lines: string[] = [];
    const output = { write: (text: string) => lines.push(text) };
    const display = createProgressDisplay(output, () => screenOf(100, nowMs), false);
    for (const event of eventsOf(jobFixture(shape))) display.apply(event);
    display.draw();
    display.finish();
    expect(lines.every((line) => printableLine.test(line))).toBe(true);
    return expect(lines.join("")).toMatchFileSnapshot("golden/progress-plain-100.txt");
  });

  it("fits any width", () =>
    expectRendering(
      (screen) => eventsOf(jobFixture(shape)).map((event) => renderChange(event, screen)),
      nowMs,
    ));
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are the subject
const tokens = /\u001b\[\??\d*[A-Za-z]|[\s\S]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
const printableLine = /^[^\n\u001b]+\n$/;

interface Terminal {
  lines: string[];
  row: number;
  column: number;
}

/** The lines on a terminal after these writes: as much of one as `redraw` needs. */
function terminalAfter(written: string): string[] {
  const terminal: Terminal = { lines: [""], row: 0, column: 0 };
  for (const [token] of written.matchAll(tokens)) {
    if (token.length > 1 && token.startsWith("\u001b")) obey(terminal, token);
    else put(terminal, token);
    terminal.lines[terminal.row] ??= "";
  }
  const { lines } = terminal;
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function put(terminal: Terminal, character: string): void {
  const { lines, row, column } = terminal;
  if (character === "\n") terminal.row += 1;
  if (character === "\n" || character === "\r") {
    terminal.column = 0;
    return;
  }
  const line = lines[row] ?? "";
  lines[row] = line.slice(0, column) + character + line.slice(column + 1);
  terminal.column += 1;
}

function obey(terminal: Terminal, sequence: string): void {
  const { lines, row, column } = terminal;
  const command = sequence.at(-1);
  if (command === "A") terminal.row -= Number(sequence.slice(2, -1));
  if (command === "J") lines.length = row + 1;
  if (command === "K" || command === "J") lines[row] = (lines[row] ?? "").slice(0, column);
}
