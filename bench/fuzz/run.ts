/** One run: parsers in this process, methods of a master and a planner that are processes of their own. */
import { readFileSync } from "node:fs";
import { seededRandom } from "../../core/random.js";
import { type Bench, expectOk } from "../cluster.js";
import { type Caller, createCaller, type Method, masterMethods, plannerMethods } from "./calls.js";
import { createParsers, type Parser } from "./parsers.js";

export interface FuzzRow {
  readonly target: string;
  readonly messages: number;
  readonly refused: number;
  readonly accepted: number;
  /** Streams that waited for more. */
  readonly unanswered: number;
  readonly faults: number;
  /** Resident memory, after it, of the process that was sent this. */
  readonly MiB: number;
}

export interface FuzzResult {
  readonly seed: number;
  readonly rows: readonly FuzzRow[];
  readonly faults: readonly string[];
  /** Resident memory of each process once warm, and at the end. */
  readonly memory: readonly {
    readonly process: string;
    readonly warmMiB: number;
    readonly endMiB: number;
  }[];
}

export interface FuzzOptions {
  readonly seed: number;
  readonly messages: number;
  readonly onProgress: (line: string) => void;
}

/** Of all messages, those for parsers; the others are calls. */
const parserShare = 0.6;
/** Processes are warm after this share. */
const warmShare = 0.3;
/** Above this a process is held to grow. */
const growthMaxMiB = 48;
const faultsMax = 20;
/** At once: refusals are quick, and a state is looked at before and after. */
const batch = 50;

export async function runFuzz(bench: Bench, options: FuzzOptions): Promise<FuzzResult> {
  const faults: string[] = [];
  const note = (fault: string): void => {
    if (faults.length < faultsMax) faults.push(fault);
  };
  const parsed = await feedParsers(options, note);
  const called = await callMethods(bench, options, note);
  const memory = [parsed.memory, ...called.memory];
  for (const { process, warmMiB, endMiB } of memory) {
    if (endMiB - warmMiB > growthMaxMiB) note(`${process} grew from ${warmMiB} to ${endMiB} MiB`);
  }
  return { seed: options.seed, rows: [...parsed.rows, ...called.rows], faults, memory };
}

type Note = (fault: string) => void;

async function feedParsers({ seed, messages, onProgress }: FuzzOptions, note: Note) {
  const parsers = await createParsers(seed);
  const each = Math.ceil((messages * parserShare) / parsers.list.length);
  const meter = createMeter("parsers", process.pid);
  const rows: FuzzRow[] = [];
  try {
    for (const [index, parser] of parsers.list.entries()) {
      rows.push(await feed(parser, seed + index, each, note));
      onProgress(`${parser.name}: ${each} messages`);
      if (index === Math.floor(parsers.list.length * warmShare)) meter.warm();
    }
  } finally {
    parsers.remove();
  }
  return { rows, memory: meter.end() };
}

async function feed(parser: Parser, seed: number, messages: number, note: Note): Promise<FuzzRow> {
  const random = seededRandom(seed);
  const counts = { accepted: 0, refused: 0 };
  let faults = 0;
  for (let index = 0; index < messages; index += 1) {
    const bytes = parser.draw(random);
    try {
      counts[await parser.feed(bytes)] += 1;
    } catch (error) {
      faults += 1;
      note(`${parser.name}: ${String(error)}, from ${bytes.toString("base64").slice(0, 400)}`);
    }
    // Let the process breathe, so that what it collects is collected.
    if (index % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const row = { target: parser.name, messages, ...counts, unanswered: 0, faults };
  return { ...row, MiB: residentMiB(process.pid) };
}

async function callMethods(bench: Bench, options: FuzzOptions, note: Note) {
  const { cluster } = bench;
  const { seed, messages, onProgress } = options;
  const places = [
    {
      caller: createCaller(cluster.address, seed),
      methods: masterMethods,
      pid: cluster.master.pid(),
    },
    ...(cluster.planner === null
      ? []
      : [
          {
            caller: createCaller(cluster.planner.address(), seed),
            methods: plannerMethods,
            pid: cluster.planner.pid(),
          },
        ]),
  ];
  const meters = [cluster.master, ...(cluster.planner === null ? [] : [cluster.planner])].map(
    (member) => createMeter(member.name, member.pid()),
  );
  const count = places.reduce((sum, { methods }) => sum + methods.length, 0);
  const each = Math.ceil((messages * (1 - parserShare)) / count);
  const rows: FuzzRow[] = [];
  for (const { caller, methods, pid } of places) {
    for (const method of methods) {
      const order = { caller, method, seed: seed + rows.length, each, note };
      rows.push({ ...(await callOften(bench, order)), MiB: residentMiB(pid) });
      onProgress(`${method.path}: ${each} messages`);
      if (rows.length === Math.floor(count * warmShare)) for (const meter of meters) meter.warm();
    }
    caller.close();
  }
  if (!cluster.master.running()) note("the master has ended");
  if (cluster.planner?.running() === false) note("the planner has ended");
  return { rows, memory: meters.map((meter) => meter.end()) };
}

interface CallOrder {
  readonly caller: Caller;
  readonly method: Method;
  readonly seed: number;
  readonly each: number;
  readonly note: Note;
}

/** What is refused leaves sequence and hash of the master's state as they were. */
async function callOften(bench: Bench, order: CallOrder): Promise<Omit<FuzzRow, "MiB">> {
  const { caller, method, seed, each, note } = order;
  const random = seededRandom(seed);
  const counts = { accepted: 0, refused: 0, unanswered: 0 };
  let faults = 0;
  for (let done = 0; done < each; ) {
    const size = Math.min(batch, each - done);
    const before = await condition(bench);
    const answers = await Promise.all(
      Array.from({ length: size }, () =>
        caller.call(method, random).catch((error: unknown) => {
          faults += 1;
          note(String(error));
          return null;
        }),
      ),
    );
    for (const answer of answers) if (answer !== null) counts[answer] += 1;
    const allRefused = answers.every((answer) => answer === "refused");
    if (allRefused && (await condition(bench)) !== before) {
      faults += 1;
      note(`${method.path}: refused, and the state has changed`);
    }
    done += size;
  }
  return { target: method.path.replace("/almanac.v1.", ""), messages: each, ...counts, faults };
}

async function condition({ client }: Bench): Promise<string> {
  const { sequence, stateHash } = expectOk(await client.status());
  return `${sequence} ${stateHash}`;
}

function createMeter(name: string, pid: number) {
  let warmMiB = residentMiB(pid);
  return {
    warm(): void {
      warmMiB = residentMiB(pid);
    },
    end: () => ({ process: name, warmMiB, endMiB: residentMiB(pid) }),
  };
}

function residentMiB(pid: number): number {
  try {
    const [, kib = "0"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Math.round(Number(kib) / 1024);
  } catch {
    return 0; // It has ended, which is told elsewhere.
  }
}
