/** The parsers that read what others wrote, each fed with what is spoiled. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomInteger } from "../../core/random.js";
import type { Result } from "../../core/result.js";
import { JournalError } from "../../master/journal/journal.js";
import { openSegmentedJournal } from "../../master/journal/segmented-file.js";
import { createSimulatedDisk } from "../../master/journal/testing/simulated-disk.js";
import { decodePlanRequest, decodePlanUpdate } from "../../proto/codec/plan.js";
import { decodeSubmission } from "../../proto/codec/requests.js";
import {
  JobServiceService,
  PlannerServiceService,
  WorkerServiceService,
} from "../../proto/codec/services.js";
import {
  decodeLogPull,
  decodeLogPush,
  decodeMasterMessage,
  decodeWorkerMessage,
} from "../../proto/codec/worker.js";
import { loadConfig } from "../../spec/config.js";
import { parseJobBytes } from "../../spec/job.js";
import { importWfFormat } from "../../spec/wfformat.js";
import { openLedger } from "../../worker/supervisor/ledger.js";
import { projectFile } from "../root.js";
import { mutateBytes, mutateText, randomWire } from "./mutate.js";
import { planReplies, requestSamples, workerMessages } from "./samples.js";

export type Verdict = "accepted" | "refused";

export interface Parser {
  readonly name: string;
  draw(random: () => number): Buffer;
  /** Throws where it was neither taken nor refused as it should be. */
  feed(bytes: Buffer): Promise<Verdict> | Verdict;
}

export interface Parsers {
  readonly list: readonly Parser[];
  remove(): void;
}

export async function createParsers(seed: number): Promise<Parsers> {
  const directory = mkdtempSync(join(tmpdir(), "almanac-fuzz-"));
  const list = [...textParsers(), ...wireParsers(seed), await journalParser(), ledger(directory)];
  return { list, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

function verdictOf(result: Result<unknown>): Verdict {
  if (result.ok) return "accepted";
  if (result.error.message === "") throw new Error("an error without a message");
  return "refused";
}

function textParsers(): Parser[] {
  const texts = (names: readonly string[]) =>
    names.map((n) => readFileSync(projectFile(n), "utf8"));
  const jobs = texts(
    ["array", "concordance", "data", "docker", "gpu", "kvm", "modes", "process", "workflow"].map(
      (name) => `examples/${name}.yaml`,
    ),
  );
  const drawFrom = (from: readonly string[]) => (random: () => number) => {
    const text = from[randomInteger(random, from.length)] ?? "";
    if (random() < 0.7) return Buffer.from(mutateText(random, text));
    return mutateBytes(random, Buffer.from(text), Buffer.from(from[0] ?? ""));
  };
  const wfOptions = {
    source: "fuzz.json",
    timeScale: 0.1,
    load: "sleep",
    dataDirectory: "/data",
  } as const;
  return [
    {
      name: "job files",
      draw: drawFrom(jobs),
      feed: (bytes) => verdictOf(parseJobBytes(bytes, { source: "job.yaml", now: 0 })),
    },
    {
      name: "WfFormat",
      draw: drawFrom([workflow]),
      feed: (bytes) => verdictOf(importWfFormat(bytes.toString("utf8"), wfOptions)),
    },
    {
      name: "configuration",
      draw: drawFrom(texts(["deploy/almanac.yaml"])),
      feed: (bytes) => verdictOf(loadConfig({ fileText: bytes.toString("utf8") })),
    },
  ];
}

const workflow = JSON.stringify({
  name: "pair",
  schemaVersion: "1.5",
  workflow: {
    specification: {
      tasks: [
        { name: "a", id: "a", parents: [], children: ["b"], inputFiles: [], outputFiles: ["f"] },
        { name: "b", id: "b", parents: ["a"], children: [], inputFiles: ["f"], outputFiles: [] },
      ],
      files: [{ id: "f", sizeInBytes: 1_000 }],
    },
    execution: {
      makespanInSeconds: 4,
      tasks: ["a", "b"].map((id) => ({ id, runtimeInSeconds: 2, coreCount: 1 })),
    },
  },
});

interface Wire<W> {
  readonly name: string;
  readonly read: (bytes: Buffer) => W;
  readonly decode: (message: W) => Result<unknown>;
  readonly samples: readonly Buffer[];
}

/** Bytes that are no message at all are gRPC's to refuse, as it does for whoever throws there. */
function wireParser<W>({ name, read, decode, samples }: Wire<W>): Parser {
  return {
    name,
    draw(random) {
      const sample = samples[randomInteger(random, samples.length)];
      if (sample === undefined || random() < 0.3) return randomWire(random);
      return mutateBytes(random, sample, samples[0] ?? sample);
    },
    feed(bytes) {
      let message: W;
      try {
        message = read(bytes);
      } catch {
        return "refused";
      }
      return verdictOf(decode(message));
    },
  };
}

function wireParsers(seed: number): Parser[] {
  const { session, logs } = WorkerServiceService;
  const { plan } = PlannerServiceService;
  const { submit } = JobServiceService;
  return [
    wireParser({
      name: "submissions",
      read: submit.requestDeserialize,
      decode: decodeSubmission,
      samples: requestSamples(seed).get(submit.path) ?? [],
    }),
    wireParser({
      name: "words of workers",
      read: session.requestDeserialize,
      decode: decodeWorkerMessage,
      samples: workerMessages(seed),
    }),
    wireParser({
      name: "words of masters",
      read: session.responseDeserialize,
      decode: decodeMasterMessage,
      samples: [],
    }),
    wireParser({
      name: "orders to planners",
      read: plan.requestDeserialize,
      decode: decodePlanRequest,
      samples: [],
    }),
    wireParser({
      name: "solutions",
      read: plan.responseDeserialize,
      decode: (reply) => decodePlanUpdate(reply, 10),
      samples: planReplies(),
    }),
    wireParser({
      name: "log chunks",
      read: logs.requestDeserialize,
      decode: decodeLogPush,
      samples: [],
    }),
    wireParser({
      name: "log pulls",
      read: logs.responseDeserialize,
      decode: decodeLogPull,
      samples: [],
    }),
  ];
}

const acquireLock = async () => ({ release: async () => undefined });

/** A damaged segment is refused, or what is left is the beginning of what was written. */
async function journalParser(): Promise<Parser> {
  const disk = createSimulatedDisk();
  const options = { directory: "/journal", segmentBytes: 1 << 20, acquireLock };
  const journal = await openSegmentedJournal({ ...options, fileSystem: disk });
  const payloads = Array.from({ length: 12 }, (_, index) => JSON.stringify({ seq: index + 1 }));
  for (const [index, payload] of payloads.entries()) {
    await journal.append(1, index, [{ sequence: index + 1, payload }]);
  }
  await journal.close();
  const path = disk.paths()[0] ?? "";
  const whole = Buffer.from(disk.contents(path));
  return {
    name: "journal segments",
    draw: (random) => mutateBytes(random, whole, whole),
    async feed(bytes) {
      const damaged = createSimulatedDisk();
      await damaged.makeDirectory("/journal");
      const file = await damaged.open(path, "create");
      await file.write([bytes], 0);
      try {
        const opened = await openSegmentedJournal({ ...options, fileSystem: damaged });
        const seen: string[] = [];
        for await (const { payload } of opened.read(1)) seen.push(payload);
        await opened.close();
        const isPrefix = seen.every((payload, index) => payload === payloads[index]);
        if (!isPrefix) throw new Error("records were read that nobody wrote");
        if (
          seen.length < payloads.length &&
          opened.tornTail === null &&
          bytes.length >= whole.length
        )
          throw new Error("damage was skipped");
        return "accepted";
      } catch (error) {
        if (error instanceof JournalError) return "refused";
        throw error;
      }
    },
  };
}

function ledger(directory: string): Parser {
  const path = join(directory, "ledger");
  const written = openLedger(path);
  written.append({ kind: "supervisor", session: "s", boot: "b" });
  for (let index = 1; index < 10; index += 1) written.append({ kind: "epoch", epoch: index });
  const whole = readFileSync(path);
  void written.close();
  return {
    name: "ledger lines",
    draw: (random) => mutateBytes(random, whole, whole),
    async feed(bytes) {
      writeFileSync(path, bytes);
      try {
        const opened = openLedger(path);
        await opened.close();
        return "accepted";
      } catch (error) {
        // It says where: a supervisor that cannot believe its ledger does not begin.
        if (error instanceof Error && error.message.includes(`${path}: damaged at byte`)) {
          return "refused";
        }
        throw error;
      }
    },
  };
}
