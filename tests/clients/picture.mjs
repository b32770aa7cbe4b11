// A picture made here: a blue disc on plain white, which any cut-out must manage.
import { crc32, deflateSync } from 'node:zlib';

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** A PNG of the given size. `tint` makes each picture another one. */
export function disc(width = 320, height = 320, tint = 0) {
  const rows = Buffer.alloc((width * 3 + 1) * height, 255);
  const radius = Math.min(width, height) / 3;
  for (let y = 0; y < height; y += 1) {
    rows[y * (width * 3 + 1)] = 0; // no filter
    for (let x = 0; x < width; x += 1) {
      if ((x - width / 2) ** 2 + (y - height / 2) ** 2 < radius ** 2) {
        rows.set([20 + tint, 60, 200], y * (width * 3 + 1) + 1 + x * 3);
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export function dataUri(png) {
  return `data:image/png;base64,${png.toString('base64')}`;
}
