import { expect, test } from "vitest";
import { readGuestWord } from "./guest-words.js";
import { type MachineFacts, machineOutcome } from "./outcome.js";

const facts = (more: Partial<MachineFacts>, line: string | null = null): MachineFacts => ({
  end: {
    word: line === null ? null : readGuestWord(line),
    exitCode: 0,
    signal: null,
    atMs: 0,
  },
  state: "ready",
  killedBy: null,
  hostKills: 0,
  lastWords: "",
  ...more,
});

test.each([
  ["EXIT 0 oom=0", { kind: "exited", exitCode: 0 }],
  ["EXIT 0 oom=3", { kind: "exited", exitCode: 0 }],
  ["EXIT 137 oom=1", { kind: "out_of_memory" }],
  ["SIGNAL 9 oom=1", { kind: "out_of_memory" }],
  ["SIGNAL 15 oom=0", { kind: "signalled", signal: "SIGTERM" }],
  ["FAILED program x: not found", { kind: "not_started", message: "program x: not found" }],
])("the guest's word counts: %s", (line, outcome) => {
  expect(machineOutcome(facts({ killedBy: "SIGKILL" }, line))).toEqual(outcome);
});

test.each(["", "EXIT", "EXIT 0", "EXIT -1 oom=0", "EXIT 0 oom=0 more", "exit 0 oom=0"])(
  "what is no word of the protocol is none: %j",
  (line) => {
    expect(readGuestWord(line)).toBeNull();
  },
);

test("without a word QEMU's own exit code 0 is never success", () => {
  expect(machineOutcome(facts({}))).toEqual({ kind: "signalled", signal: "SIGKILL" });
});

test("a QEMU that the host's kernel killed for want of memory is out_of_memory", () => {
  const end = { word: null, exitCode: null, signal: "SIGKILL", atMs: 0 };
  expect(machineOutcome(facts({ end, hostKills: 1 }))).toEqual({ kind: "out_of_memory" });
});

test("a guest with nothing left to kill has run out of memory", () => {
  const lastWords = "[ 9.1] Kernel panic - not syncing: System is deadlocked on memory";
  expect(machineOutcome(facts({ lastWords }))).toEqual({ kind: "out_of_memory" });
});
