// The upload bundle by sharp: 1024 and 256 px WebP of a JPEG, `N` times; prints CPU seconds for one,
// and the most memory that the process held, in bytes.
import { readFileSync } from 'node:fs';
import sharp from 'sharp';

const [path, times] = [process.argv[2], Number(process.argv[3])];
const bytes = readFileSync(path);
sharp.cache(false);
const bundle = async () => {
  const large = await sharp(bytes)
    .rotate()
    .resize(1024, 1024, { fit: 'inside' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { raw: { width: large.info.width, height: large.info.height, channels: large.info.channels } };
  await Promise.all([
    sharp(large.data, raw).webp({ quality: 80 }).toBuffer(),
    sharp(large.data, raw).resize(256, 256, { fit: 'inside' }).webp({ quality: 80 }).toBuffer(),
  ]);
};
await bundle();
const before = process.cpuUsage();
for (let time = 0; time < times; time += 1) await bundle();
const used = process.cpuUsage(before);
console.log((used.user + used.system) / 1e6 / times, process.resourceUsage().maxRSS * 1024);
