/** Images that are pasted into an element of the page. */
export function watchPaste(element: HTMLElement, pasted: (image: Blob) => void): () => void {
  const listener = (event: ClipboardEvent): void => {
    for (const item of Array.from(event.clipboardData?.items ?? [])) {
      if (item.kind !== "file" || !item.type.startsWith("image/")) continue;
      const file = item.getAsFile();
      if (file) pasted(file);
    }
  };
  element.addEventListener("paste", listener);
  return () => element.removeEventListener("paste", listener);
}

/** The name of a pasted image: name with the extension of its type. */
export function pastedName(name: string, image: Blob): string {
  const subtype = image.type.split("/")[1]?.split("+")[0];
  return subtype ? `${name}.${subtype}` : name;
}
