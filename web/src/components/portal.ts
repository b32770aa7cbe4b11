/** Moves an element to the end of the body, out of what is made inert below a layer. */
export function portal(element: HTMLElement): { destroy(): void } {
  document.body.append(element);
  return { destroy: () => element.remove() };
}
