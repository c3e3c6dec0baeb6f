/**
 * Reads protobuf's wire format without knowing the messages: field by field, as views of the bytes.
 * What is cut off, or longer than what it stands in, is an error and never read past.
 */
export interface Field {
  readonly number: number;
  /** Of varints; what is past 2^53 is rounded, which no field that is asked for is. */
  readonly integer: number;
  /** Of texts, bytes and messages; empty for numbers. */
  readonly bytes: Uint8Array;
}

/** Throws an Error that says at which byte the message is not well formed. */
export function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let digit = 0; digit < 10; digit++) {
      const byte = message[at];
      if (byte === undefined) throw malformed(at);
      at++;
      value += (byte & 0x7f) * 2 ** (7 * digit);
      if (byte < 0x80) return value;
    }
    throw malformed(at);
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw malformed(at);
    const bytes = message.subarray(at, at + length);
    at += length;
    return bytes;
  };
  while (at < message.length) {
    const key = varint();
    const [number, type] = [Math.floor(key / 8), key % 8];
    if (number === 0) throw malformed(at);
    switch (type) {
      case 0:
        fields.push({ number, integer: varint(), bytes: nothing });
        break;
      case 1:
        take(8);
        break;
      case 2:
        fields.push({ number, integer: 0, bytes: take(varint()) });
        break;
      case 5:
        take(4);
        break;
      default:
        throw malformed(at);
    }
  }
  return fields;
}

/** ASCII is enough for the names that are asked for; other bytes are shown as `?`. */
export const asciiOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?")).join(
    "",
  );

/** A packed field of 32-bit floats. */
export function floatsOf(packed: Uint8Array): Float32Array {
  if (packed.length % 4 !== 0) throw malformed(packed.length);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const floats = new Float32Array(packed.length / 4);
  for (let at = 0; at < floats.length; at++) floats[at] = view.getFloat32(4 * at, true);
  return floats;
}

/** A packed field of varints; what is past 2^53 is rounded. */
export function varintsOf(packed: Uint8Array): number[] {
  const integers: number[] = [];
  let value = 0;
  let scale = 1;
  packed.forEach((byte) => {
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) return;
    integers.push(value);
    value = 0;
    scale = 1;
  });
  if (scale !== 1) throw malformed(packed.length);
  return integers;
}

const nothing = new Uint8Array(0);

const malformed = (at: number): Error => new Error(`not an ONNX model: malformed at byte ${at}`);
