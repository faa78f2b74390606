/** pica, set up so that it starts no worker from a text, which a page's policy may forbid. */
import pica from "pica";

let resizer: ReturnType<typeof pica> | undefined;

/** Draws source into target, as large as that is. */
export async function resize(source: HTMLCanvasElement, target: HTMLCanvasElement): Promise<void> {
  resizer ??= pica({ features: ["js", "wasm"] });
  await resizer.resize(source, target);
}
