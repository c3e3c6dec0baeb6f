/** What became of an attempt, from what its guest said and how its QEMU ended. */
import { constants } from "node:os";
import type { DriverEnd } from "../../driver.js";
import type { GuestWord } from "./guest-words.js";
import type { MachineEnd } from "./machine.js";
import type { Received } from "./receive.js";

export interface MachineFacts {
  readonly end: MachineEnd;
  /** `late`: it did not get ready in time, and was ended for it. */
  readonly state: "booting" | "ready" | "late";
  readonly killedBy: "SIGTERM" | "SIGKILL" | null;
  /** Processes of QEMU that the host's kernel killed for want of memory. */
  readonly hostKills: number;
  readonly lastWords: string;
}

const messageBytesMax = 1_024;

/**
 * Never `exited` unless the guest said so. A machine that went down under its program (a panic, a
 * reboot by the program itself, QEMU killed) took it down as SIGKILL does.
 */
export function machineOutcome(facts: MachineFacts): DriverEnd["outcome"] {
  const { end, state, killedBy, hostKills, lastWords } = facts;
  const { word } = end;
  if (word !== null && word.kind !== "ready") {
    if (word.kind === "failed") return { kind: "not_started", message: word.message };
    const failed = word.kind === "signalled" || word.exitCode !== 0;
    // A program that goes on to success although a child of it was killed has coped with it.
    if (failed && word.outOfMemoryKills > 0) return { kind: "out_of_memory" };
    if (word.kind === "exited") return { kind: "exited", exitCode: word.exitCode };
    return { kind: "signalled", signal: signalName(word.signal) };
  }
  if (killedBy !== null) return { kind: "signalled", signal: killedBy };
  if (hostKills > 0 || outOfMemoryPanic.test(lastWords)) return { kind: "out_of_memory" };
  if (end.signal !== null && state !== "late") return { kind: "signalled", signal: end.signal };
  if (state !== "ready") return { kind: "not_started", message: bootFailure(facts) };
  return { kind: "signalled", signal: "SIGKILL" };
}

/**
 * A guest sends outputs once its program has ended with 0. One whose outputs were refused was ended
 * for it, before it could say so.
 */
export function wordOf({ word }: MachineEnd, received: Received | null): GuestWord | null {
  if (word !== null || received?.kind !== "refused") return word;
  return { kind: "exited", exitCode: 0, outOfMemoryKills: 0 };
}

/** Why there are no outputs of a program that ended well; null: they are there. */
export function outputsProblemOf(
  outcome: DriverEnd["outcome"],
  received: Received | null,
): string | null {
  if (received === null || outcome.kind !== "exited" || outcome.exitCode !== 0) return null;
  if (received.kind === "whole") return null;
  if (received.kind === "refused") return received.message;
  return "the machine did not send all that it left: no find, xargs or tar there, or no room";
}

const outOfMemoryPanic = /Kernel panic.*(deadlocked on memory|Out of memory)/i;

/** For the log of an attempt whose guest said nothing of its end; null: there is nothing to add. */
export function noteOf({ end, state, killedBy, lastWords }: MachineFacts): string | null {
  if (end.word !== null || killedBy !== null || state !== "ready") return null;
  const how = end.signal === null ? "went down" : `was killed by ${end.signal}`;
  const words = lastWords === "" ? "" : `; its last words:\n${tail(lastWords)}`;
  return `almanac: the machine ${how} before the program had ended${words}\n`;
}

function bootFailure({ end, state, lastWords }: MachineFacts): string {
  const how =
    state === "late"
      ? "the guest was not ready in time"
      : `the machine ended while it started, QEMU's exit code ${end.exitCode ?? "unknown"}`;
  return `${how}: ${lastWords === "" ? "it said nothing" : tail(lastWords)}`;
}

/** A panic's own line counts; the registers and the stack behind it help nobody here. */
function tail(text: string): string {
  const panic = /Kernel panic[^\n]*/.exec(text);
  const upTo = panic === null ? text : text.slice(0, panic.index + panic[0].length);
  return upTo.slice(-messageBytesMax);
}

function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `signal ${number}`;
}
