/** Columns of numbers as bytes, and bytes as columns. */
import { assert } from "../../core/result.js";

export type NumberColumn = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

interface ColumnType<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): T;
}

// The wire is little-endian, as is every platform that Node runs on: bytes are taken as they lie.
assert(
  new Uint8Array(Uint16Array.of(1).buffer)[0] === 1,
  "columns are sent as they lie in memory, which must be little-endian",
);

/** The same bytes as a Buffer, which the generated code asks for; nothing is copied. */
export const bufferOf = (bytes: NumberColumn): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The bytes as numbers; null where they are not a whole number of them. */
export function columnOf<T extends NumberColumn>(bytes: Uint8Array, type: ColumnType<T>): T | null {
  return bytes.byteLength % type.BYTES_PER_ELEMENT === 0 ? viewOf(bytes, type) : null;
}

/** As `columnOf`, for bytes known to be of a fitting length. Copies only what is not aligned. */
export function viewOf<T extends NumberColumn>(bytes: Uint8Array, type: ColumnType<T>): T {
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  const length = aligned.byteLength / type.BYTES_PER_ELEMENT;
  return new type(aligned.buffer, aligned.byteOffset, length);
}

/** As `columnOf`, in memory of its own: it does not keep the message alive that it came in. */
export function ownColumnOf<T extends NumberColumn>(
  bytes: Uint8Array,
  type: ColumnType<T>,
): T | null {
  return columnOf(Uint8Array.prototype.slice.call(bytes), type);
}
