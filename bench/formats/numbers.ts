/** Numbers of a text file, taken one after the other; the reader knows what each one means. */

export class FormatError extends Error {
  override readonly name = "FormatError";
}

export class Numbers {
  readonly #values: readonly number[];
  #next = 0;

  constructor(values: readonly number[]) {
    this.#values = values;
  }

  /** `what` is said where the file ends too early. */
  take(what: string): number {
    const value = this.#values[this.#next];
    if (value === undefined) throw new FormatError(`the file ends before ${what}`);
    if (!Number.isFinite(value)) throw new FormatError(`not a number: ${what}`);
    this.#next += 1;
    return value;
  }

  /** A whole number from 0. */
  count(what: string): number {
    const value = this.take(what);
    if (!Number.isInteger(value) || value < 0) {
      throw new FormatError(`${what} is ${value}, not a whole number from 0`);
    }
    return value;
  }

  counts(length: number, what: string): number[] {
    return Array.from({ length }, () => this.count(what));
  }

  get isAtEnd(): boolean {
    return this.#next >= this.#values.length;
  }

  expectEnd(): void {
    if (!this.isAtEnd) {
      const left = this.#values.length - this.#next;
      throw new FormatError(`${left} numbers more than the file should have`);
    }
  }
}

/** Lines that are neither empty nor comments. */
export const linesOf = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));

export const numbersIn = (line: string): number[] => line.trim().split(/\s+/).map(Number);

export const numbersOf = (text: string): Numbers => new Numbers(linesOf(text).flatMap(numbersIn));
