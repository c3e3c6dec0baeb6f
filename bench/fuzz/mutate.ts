/** Ways to spoil what is well formed, and messages that are well formed and mean nothing: from a seed. */
import { randomInteger } from "../../core/random.js";

type Random = () => number;

/** Some bytes of it changed, cut out, doubled, or taken from another one. */
export function mutateBytes(random: Random, bytes: Buffer, other: Buffer): Buffer {
  let result = bytes;
  const changes = 1 + randomInteger(random, 4);
  for (let change = 0; change < changes; change += 1) result = changeOnce(random, result, other);
  return result;
}

function changeOnce(random: Random, bytes: Buffer, other: Buffer): Buffer {
  const at = randomInteger(random, bytes.length + 1);
  const length = 1 + randomInteger(random, 16);
  const [before, behind] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (randomInteger(random, 7)) {
    case 0: {
      if (behind.length === 0) return bytes;
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(bytes.readUInt8(at) ^ (1 << randomInteger(random, 8)), at);
      return flipped;
    }
    case 1:
      return Buffer.concat([before, randomBytes(random, length), behind.subarray(length)]);
    case 2:
      return Buffer.concat([before, behind.subarray(length)]);
    case 3:
      return Buffer.concat([before, randomBytes(random, length), behind]);
    case 4:
      return Buffer.concat([before, behind.subarray(0, length), behind]);
    case 5: {
      const from = randomInteger(random, other.length + 1);
      return Buffer.concat([before, other.subarray(from, from + 4 * length), behind]);
    }
    default:
      return Buffer.from(before);
  }
}

export const randomBytes = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => randomInteger(random, 256)));

/** What readers of texts have stumbled over. */
const tokens = [
  ..."{}[]:,\"'&*!|>%@`#-?\\\t",
  ...["null", "true", "~", "-0", "-1", "1e999", "0x7f", "NaN", ".inf", "9".repeat(40)],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "\u0000",
    "\ud800",
    "\ufeff",
    "\u202e",
    "é".repeat(300),
  ],
  ...["<<: *x", "&x [*x]", "!!js/function", "---\n", "...\n", "\r\n", "\n\n", "  ", "${HOME}"],
  ...["[".repeat(200), "{a: ".repeat(200), "a".repeat(70_000)],
];

/** Tokens put in or over what is there, lines left out, doubled and moved. */
export function mutateText(random: Random, text: string): string {
  let result = text;
  const changes = 1 + randomInteger(random, 3);
  for (let change = 0; change < changes; change += 1) {
    result = random() < 0.6 ? withToken(random, result) : withLineMoved(random, result);
  }
  return result;
}

function withToken(random: Random, text: string): string {
  const at = randomInteger(random, text.length + 1);
  const over = random() < 0.5 ? randomInteger(random, 12) : 0;
  const token = tokens[randomInteger(random, tokens.length)] ?? "";
  return text.slice(0, at) + token + text.slice(at + over);
}

function withLineMoved(random: Random, text: string): string {
  const lines = text.split("\n");
  const [line = ""] = lines.splice(randomInteger(random, lines.length), random() < 0.5 ? 0 : 1);
  const indented = random() < 0.5 ? line : `  ${line}`;
  if (random() < 0.7) lines.splice(randomInteger(random, lines.length + 1), 0, indented);
  return lines.join("\n");
}

const depthMax = 4;
const texts = ["", "a", "node-0", "a/b#1", "../x", "\u0000", "__proto__", "x".repeat(3_000)];

/** A message of protocol buffers as far as its shape goes: small field numbers, any type. */
export function randomWire(random: Random, depth = 0): Buffer {
  const fields = Array.from({ length: randomInteger(random, 6) }, () => randomField(random, depth));
  return Buffer.concat(fields);
}

function randomField(random: Random, depth: number): Buffer {
  const number = 1 + randomInteger(random, 20);
  const key = (type: number): Buffer => varint(BigInt(number * 8 + type));
  switch (randomInteger(random, 8)) {
    case 0:
      return Buffer.concat([key(0), varint(BigInt(randomInteger(random, 4)))]);
    case 1:
      return Buffer.concat([
        key(0),
        varint(BigInt.asUintN(64, -1n - BigInt(randomInteger(random, 9)))),
      ]);
    case 2:
      return Buffer.concat([key(1), randomBytes(random, 8)]);
    case 3:
      return Buffer.concat([key(5), randomBytes(random, 4)]);
    case 4:
    case 5: {
      const inside = depth < depthMax ? randomWire(random, depth + 1) : Buffer.alloc(0);
      return Buffer.concat([key(2), varint(BigInt(inside.length)), inside]);
    }
    default: {
      const text = Buffer.from(texts[randomInteger(random, texts.length)] ?? "");
      return Buffer.concat([key(2), varint(BigInt(text.length)), text]);
    }
  }
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    bytes.push(left === 0n ? low : low | 0x80);
  } while (left !== 0n);
  return Buffer.from(bytes);
}
