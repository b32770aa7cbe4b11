/** A mask being drawn: strokes and boxes in pixels of the picture. White is what changes. */

export type Mark =
  | { kind: 'stroke'; erases: boolean; size: number; points: [number, number][] }
  | { kind: 'box'; erases: boolean; x: number; y: number; width: number; height: number };

/** The mask is drawn at most this large; the server scales it to the picture. */
const LONGEST = 2048;

export class Mask {
  marks = $state.raw<Mark[]>([]);
  #undone: Mark[] = [];

  get isEmpty(): boolean {
    return !this.marks.some((mark) => !mark.erases);
  }
  get canRedo(): boolean {
    void this.marks;
    return this.#undone.length > 0;
  }

  add(mark: Mark): void {
    this.#undone = [];
    this.marks = [...this.marks, mark];
  }
  undo(): void {
    const last = this.marks.at(-1);
    if (!last) return;
    this.#undone.push(last);
    this.marks = this.marks.slice(0, -1);
  }
  redo(): void {
    const last = this.#undone.pop();
    if (last) this.marks = [...this.marks, last];
  }
  clear(): void {
    this.#undone = [];
    this.marks = [];
  }

  /** What is sent: numbers where boxes say it all, else a picture, which the server then keeps as an asset. */
  value(width: number, height: number): string | number[][] {
    const boxes = this.marks.flatMap((mark) => (mark.kind === 'box' && !mark.erases ? [[mark.x, mark.y, mark.width, mark.height]] : []));
    return boxes.length === this.marks.length ? boxes : this.png(width, height);
  }

  /** Black and white, as a PNG data URI. */
  private png(width: number, height: number): string {
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = canvas.getContext('2d');
    if (!context) throw new Error('This browser cannot draw the mask.');
    context.fillStyle = '#000';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.scale(canvas.width / width, canvas.height / height);
    for (const mark of this.marks) draw(context, mark, mark.erases ? '#000' : '#fff');
    return canvas.toDataURL('image/png');
  }
}

export function draw(context: CanvasRenderingContext2D, mark: Mark, color: string): void {
  context.fillStyle = color;
  context.strokeStyle = color;
  if (mark.kind === 'box') {
    context.fillRect(mark.x, mark.y, mark.width, mark.height);
    return;
  }
  context.lineWidth = mark.size;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.beginPath();
  mark.points.forEach(([x, y], index) => (index === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  // A single touch is a dot; a path without length draws nothing.
  if (mark.points.length === 1 && mark.points[0]) context.lineTo(mark.points[0][0] + 0.01, mark.points[0][1]);
  context.stroke();
}
