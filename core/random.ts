/**
 * A seeded generator of uniform numbers in [0, 1), with 32 bits each: the same seed gives the same
 * sequence on every machine, because it uses 32-bit integer arithmetic alone.
 *
 * sfc32 ("small fast counter", C. Doty-Humphrey, PractRand 0.95), whose state of three words and a
 * counter is filled from the seed by splitmix32, as PractRand recommends a mixed seed and a warm-up.
 */
export function seededRandom(seed: number): () => number {
  const nextSeedWord = splitmix32(seed);
  let a = nextSeedWord();
  let b = nextSeedWord();
  // Seeds past 32 bits must not collide with their low word.
  let c = nextSeedWord() ^ Math.floor(seed / 2 ** 32);
  let counter = 1;

  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 12; round++) next();
  return next;
}

/** A uniform integer in [0, bound). */
export function randomInteger(random: () => number, bound: number): number {
  return Math.floor(random() * bound);
}

/** Mixes a counter into words (G. Steele, D. Lea, C. Flood, OOPSLA 2014; 32-bit constants). */
function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return word ^ (word >>> 15);
  };
}

/** The number at a place of the sequence that belongs to a seed, without those before it; never 0. */
export function uniformAt(seed: number, place: number): number {
  return ((splitmix32(seed + Math.imul(place, 0x9e3779b9))() >>> 0) + 0.5) / 2 ** 32;
}
