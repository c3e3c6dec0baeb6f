/**
 * Just enough of protobuf's wire format to write a message (protobuf.dev, "Encoding"): varints,
 * 32-bit floats, and length-delimited bytes, texts, messages and packed repeated numbers.
 */
export interface ProtobufWriter {
  /** A varint: 0 to 2^53 - 1. */
  integer(field: number, value: number): void;
  float(field: number, value: number): void;
  text(field: number, value: string): void;
  message(field: number, write: (inner: ProtobufWriter) => void): void;
  floats(field: number, values: ArrayLike<number>): void;
  integers(field: number, values: ArrayLike<number>): void;
}

/** Bytes of the message that `write` makes. */
export function protobuf(write: (writer: ProtobufWriter) => void): Uint8Array {
  let bytes = new Uint8Array(256);
  let length = 0;

  const reserve = (more: number): void => {
    if (length + more <= bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes.length * 2, length + more));
    larger.set(bytes.subarray(0, length));
    bytes = larger;
  };
  const varint = (value: number): void => {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`no varint: ${value}`);
    reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      bytes[length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    bytes[length++] = rest;
  };
  const key = (field: number, wireType: number): void => varint(field * 8 + wireType);
  const raw = (value: Uint8Array): void => {
    reserve(value.length);
    bytes.set(value, length);
    length += value.length;
  };
  const delimited = (field: number, value: Uint8Array): void => {
    key(field, 2);
    varint(value.length);
    raw(value);
  };
  const float = (value: number): void => {
    reserve(4);
    new DataView(bytes.buffer).setFloat32(length, value, true);
    length += 4;
  };

  const writer: ProtobufWriter = {
    integer(field, value) {
      key(field, 0);
      varint(value);
    },
    float(field, value) {
      key(field, 5);
      float(value);
    },
    text: (field, value) => delimited(field, utf8(value)),
    message: (field, inner) => delimited(field, protobuf(inner)),
    floats(field, values) {
      key(field, 2);
      varint(values.length * 4);
      for (let at = 0; at < values.length; at++) float(values[at] ?? 0);
    },
    integers(field, values) {
      delimited(field, protobufVarints(values));
    },
  };
  write(writer);
  return bytes.slice(0, length);
}

function protobufVarints(values: ArrayLike<number>): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < values.length; at++) {
    let rest = values[at] ?? 0;
    while (rest >= 0x80) {
      bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

/** Without TextEncoder, which is no part of the language. */
function utf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000) {
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    } else {
      bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f));
      bytes.push(0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    }
  }
  return Uint8Array.from(bytes);
}
