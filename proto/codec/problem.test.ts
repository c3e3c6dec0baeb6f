import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Problem } from "../../core/problem.js";
import { layeredProblem } from "../../core/testing/layered-problem.js";
import { randomProblem } from "../../core/testing/random-problem.js";
import * as wire from "../gen/almanac/v1/planner.js";
import { encodeProblem, ProblemAssembler } from "./problem.js";
import { fieldsOf, throughWire } from "./testing/wire.js";

const problem = fc
  .tuple(fc.nat(), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }))
  .map(([seed, tasks, workers]) => randomProblem(seed, { tasks, workers }));

const small = (): Problem => randomProblem(7, { tasks: 8 });

function assemble(chunks: readonly wire.ColumnChunk[], bytesMax?: number) {
  const assembler = new ProblemAssembler(bytesMax === undefined ? undefined : { bytesMax });
  for (const chunk of chunks) {
    const added = assembler.add(chunk);
    if (!added.ok) return added;
  }
  return assembler.finish();
}

describe("a problem comes through the wire as it was", () => {
  it("whatever the size of its chunks", () => {
    fc.assert(
      fc.property(problem, fc.integer({ min: 1, max: 200 }), (value, chunkBytes) => {
        const chunks = encodeProblem(value, chunkBytes).map((chunk) =>
          throughWire(wire.ColumnChunk, chunk),
        );
        for (const { data } of chunks) expect(data.length).toBeLessThanOrEqual(chunkBytes);
        expect(assemble(chunks)).toEqual({ ok: true, value });
      }),
      { numRuns: 50 },
    );
  });

  it("in whatever order its columns come", () => {
    fc.assert(
      fc.property(problem, fc.nat(), (value, rotation) => {
        const byColumn = new Map<string, wire.ColumnChunk[]>();
        for (const chunk of encodeProblem(value, 64)) {
          byColumn.set(chunk.column, [...(byColumn.get(chunk.column) ?? []), chunk]);
        }
        const columns = [...byColumn.values()];
        const at = rotation % columns.length;
        const mixed = [...columns.slice(at), ...columns.slice(0, at).reverse()].flat();
        expect(assemble(mixed)).toEqual({ ok: true, value });
      }),
      { numRuns: 50 },
    );
  });

  it("of ten thousand tasks, in columns of its own memory", () => {
    const value = layeredProblem({ tasks: 10_000, workers: 100, layer: 100, seed: 1 });
    const result = assemble(encodeProblem(value));
    expect(result).toEqual({ ok: true, value });
    expect(result.ok && result.value?.tasks.release.buffer).not.toBe(value.tasks.release.buffer);
  });
});

describe("a problem is refused by the name of the column", () => {
  const chunks = (): wire.ColumnChunk[] => encodeProblem(small());
  const change = (
    column: string,
    spoil: (chunk: wire.ColumnChunk) => wire.ColumnChunk | null,
  ): wire.ColumnChunk[] =>
    chunks().flatMap((chunk) => (chunk.column === column ? (spoil(chunk) ?? []) : chunk));
  const withData = (chunk: wire.ColumnChunk, data: Buffer): wire.ColumnChunk => ({
    ...chunk,
    data,
    totalBytes: data.length,
  });

  it.each([
    ["that is missing", "tasks.release", () => null],
    ["that is too short", "tasks.due", (chunk) => withData(chunk, chunk.data.subarray(4))],
    [
      "that is too long",
      "edges.to",
      (chunk) => withData(chunk, Buffer.concat([chunk.data, Buffer.alloc(4)])),
    ],
    ["that holds half a number", "tasks.job", (chunk) => withData(chunk, chunk.data.subarray(1))],
    [
      "that stops before its end",
      "unit",
      (chunk) => ({ ...chunk, totalBytes: chunk.totalBytes + 8 }),
    ],
    ["that has more than was said", "unit", (chunk) => ({ ...chunk, totalBytes: 1 })],
    ["that begins in the middle", "unit", (chunk) => ({ ...chunk, offsetBytes: 8 })],
    ["that cannot be so long", "unit", (chunk) => ({ ...chunk, totalBytes: -1 })],
    ["of texts that are none", "tasks.ids", (chunk) => withData(chunk, Buffer.from("[1,2]"))],
    ["of texts that are no JSON", "workers.ids", (chunk) => withData(chunk, Buffer.from("["))],
    [
      "of texts that are no UTF-8",
      "workers.ids",
      (chunk) => withData(chunk, Buffer.from([34, 255, 34])),
    ],
  ] satisfies [string, string, (chunk: wire.ColumnChunk) => wire.ColumnChunk | null][])(
    "%s",
    (_what, column, spoil) => {
      const result = assemble(change(column, spoil));
      expect(fieldsOf(result)).toContain(column);
    },
  );

  it.each([
    ["an edge to nowhere", "edges.to", 0, 10_000],
    ["a running task on a worker that is not there", "tasks.fixedWorker", 0, 77],
    ["a block of options that is not there", "tasks.block", 1, 10_000],
    ["a row of demands that is not there", "options.demandRow", 0, 10_000],
    ["a negative duration", "options.duration", 0, -5],
    ["a negative capacity", "workers.capacity", 0, -5],
    ["a device on a worker that is not there", "devices.worker", 0, 99],
    ["offsets that fall", "options.blockFirst", 1, 9_999],
  ])("that holds %s", (_what, column, index, value) => {
    const result = assemble(
      change(column, (chunk) => {
        const data = Buffer.from(chunk.data);
        expect(data.length).toBeGreaterThan(index * 4);
        data.writeInt32LE(value, index * 4);
        return { ...chunk, data };
      }),
    );
    expect(result.ok).toBe(false);
    expect(fieldsOf(result).some((field) => field.startsWith(column))).toBe(true);
  });

  it("that nobody knows", () => {
    const data = Buffer.alloc(4);
    const stranger = { column: "tasks.colour", offsetBytes: 0, totalBytes: 4, data };
    expect(fieldsOf(assemble([...chunks(), stranger]))).toEqual(["tasks.colour"]);
    const nameless = { column: "__proto__", offsetBytes: 0, totalBytes: 4, data };
    expect(assemble([nameless]).ok).toBe(false);
  });

  it("where its head is missing, is no JSON, or counts wrongly", () => {
    expect(fieldsOf(assemble(change("head", () => null)))).toContain("head");
    expect(fieldsOf(assemble([]))).toContain("head");
    for (const text of ["[]", "{}", "null", "nonsense", '{"counts":{},"weights":{}}']) {
      expect(assemble(change("head", (chunk) => withData(chunk, Buffer.from(text)))).ok).toBe(
        false,
      );
    }
    const more = assemble(
      change("head", (chunk) => {
        const head = chunk.data.toString().replace(/"tasks":\d+/, '"tasks":2000000000');
        return withData(chunk, Buffer.from(head));
      }),
    );
    expect(fieldsOf(more)).toContain("tasks.release");
  });

  it("where it is too large, before any of it is kept", () => {
    const result = assemble(chunks(), 100);
    expect(result).toMatchObject({ ok: false, error: { code: "limit_exceeded" } });
    const boast = { column: "unit", offsetBytes: 0, totalBytes: 2 ** 52, data: Buffer.alloc(1) };
    expect(assemble([boast])).toMatchObject({ ok: false, error: { code: "limit_exceeded" } });
  });

  it("never by an exception, whatever the bytes in it", () => {
    const sound = chunks();
    let taken = 0;
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(255), (which, where, value) => {
        const spoilt = sound.map((chunk, index) => {
          if (index !== which % sound.length) return chunk;
          const data = Buffer.from(chunk.data);
          data[where % data.length] = value;
          return { ...chunk, data };
        });
        if (assemble(spoilt).ok) taken += 1;
      }),
      { numRuns: 1_000 },
    );
    expect(taken).toBeGreaterThan(10);
  });
});
