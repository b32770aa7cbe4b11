import { expect, it } from 'vitest';
import { cell, csv } from './csv';

it('quotes what needs it', () => {
  expect(csv(['a', 'b'], [['x,y', 'say "hi"'], [1.5, undefined]])).toBe('a,b\r\n"x,y","say ""hi"""\r\n1.5,\r\n');
  expect(cell('two\nlines')).toBe('"two\nlines"');
});

it('does not let a name become a formula', () => {
  expect(cell('=HYPERLINK("http://x")')).toBe('"\'=HYPERLINK(""http://x"")"');
  expect(cell('@sum')).toBe("'@sum");
  expect(cell(-3)).toBe('-3');
});
