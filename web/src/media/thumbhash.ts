/**
 * ThumbHash: some twenty bytes that stand for a blurred picture until the real one is there.
 * Format: https://evanw.github.io/thumbhash/. A header of 24 bits (mean of L, P, Q, number of L terms, has alpha) and 16
 * bits (scales of P and Q, orientation), for alpha its mean and scale, then four bits for each cosine term.
 */

export interface Blur { width: number; height: number; rgba: Uint8ClampedArray }

const SIDE = 32;

export function decode(base64: string): Blur | undefined {
  let hash: Uint8Array;
  try {
    hash = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
  if (hash.length < 5) return undefined;
  const at = (index: number) => hash[index] ?? 0;

  // Read the constant parts.
  const head = at(0) | (at(1) << 8) | (at(2) << 16);
  const tail = at(3) | (at(4) << 8);
  const hasAlpha = head >> 23 === 1;
  const isLandscape = tail >> 15 === 1;
  const long = hasAlpha ? 5 : 7;
  const short = tail & 7;
  const mean = { l: (head & 63) / 63, p: ((head >> 6) & 63) / 31.5 - 1, q: ((head >> 12) & 63) / 31.5 - 1 };
  const scale = { l: ((head >> 18) & 31) / 31, p: ((tail >> 3) & 63) / 63, q: ((tail >> 9) & 63) / 63 };
  const alpha = hasAlpha ? { mean: (at(5) & 15) / 15, scale: (at(5) >> 4) / 15 } : { mean: 1, scale: 0 };
  const termsX = Math.max(3, isLandscape ? long : short);
  const termsY = Math.max(3, isLandscape ? short : long);

  // Read the cosine terms, four bits each.
  let nibble = (hasAlpha ? 6 : 5) * 2;
  const channel = (countX: number, countY: number, strength: number): number[] => {
    const terms: number[] = [];
    for (let y = 0; y < countY; y += 1) {
      for (let x = y ? 0 : 1; x * countY < countX * (countY - y); x += 1) {
        const bits = (at(nibble >> 1) >> ((nibble & 1) << 2)) & 15;
        terms.push((bits / 7.5 - 1) * strength);
        nibble += 1;
      }
    }
    return terms;
  };
  const l = channel(termsX, termsY, scale.l);
  // Colour is kept coarser and was weakened by rounding; the format asks for this boost.
  const p = channel(3, 3, scale.p * 1.25);
  const q = channel(3, 3, scale.q * 1.25);
  const a = hasAlpha ? channel(5, 5, alpha.scale) : [];

  // Add the cosines up for each pixel.
  const aspect = (isLandscape ? long : short) / (isLandscape ? short : long);
  const width = Math.round(aspect > 1 ? SIDE : SIDE * aspect) || 1;
  const height = Math.round(aspect > 1 ? SIDE / aspect : SIDE) || 1;
  const rgba = new Uint8ClampedArray(width * height * 4);
  const sum = (terms: number[], countX: number, countY: number, start: number, x: number, y: number): number => {
    let value = start;
    let term = 0;
    for (let row = 0; row < countY; row += 1) {
      const vertical = Math.cos((Math.PI / height) * (y + 0.5) * row) * 2;
      for (let column = row ? 0 : 1; column * countY < countX * (countY - row); column += 1) {
        value += (terms[term] ?? 0) * Math.cos((Math.PI / width) * (x + 0.5) * column) * vertical;
        term += 1;
      }
    }
    return value;
  };
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const light = sum(l, termsX, termsY, mean.l, x, y);
      const yellow = sum(p, 3, 3, mean.p, x, y);
      const red = sum(q, 3, 3, mean.q, x, y);
      const opacity = hasAlpha ? sum(a, 5, 5, alpha.mean, x, y) : 1;
      const blue = light - (2 / 3) * yellow;
      const redPart = (3 * light - blue + red) / 2;
      const offset = (y * width + x) * 4;
      rgba[offset] = redPart * 255;
      rgba[offset + 1] = (redPart - red) * 255;
      rgba[offset + 2] = blue * 255;
      rgba[offset + 3] = opacity * 255;
    }
  }
  return { width, height, rgba };
}
