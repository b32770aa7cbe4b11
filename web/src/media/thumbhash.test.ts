import { expect, it } from 'vitest';
import { decode } from './thumbhash';

// An example hash from the format's own page: an upright picture without transparency.
const SUNRISE = '1QcSHQRnh493V4dIh4eXh1h4kJUI';

it('reads shape and colours', () => {
  const picture = decode(SUNRISE)!;
  expect(picture.width / picture.height).toBeCloseTo(23 / 32, 1);
  expect(picture.rgba.length).toBe(picture.width * picture.height * 4);
  for (let index = 3; index < picture.rgba.length; index += 4) expect(picture.rgba[index]).toBe(255);
  expect(new Set(picture.rgba).size).toBeGreaterThan(20);
});

it('answers nothing for what is not a hash', () => {
  expect(decode('not base64!')).toBeUndefined();
  expect(decode('AAA=')).toBeUndefined();
});
