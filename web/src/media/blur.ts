import { decode } from './thumbhash';

/** Paints a ThumbHash on a canvas. A canvas, not a style: the policy lets no inline style through. */
export function blur(canvas: HTMLCanvasElement, hash: string): { update(hash: string): void } {
  const paint = (text: string) => {
    const picture = decode(text);
    if (!picture) return;
    canvas.width = picture.width;
    canvas.height = picture.height;
    const context = canvas.getContext('2d');
    const data = context?.createImageData(picture.width, picture.height);
    if (!context || !data) return;
    data.data.set(picture.rgba);
    context.putImageData(data, 0, 0);
  };
  paint(hash);
  return { update: paint };
}
