/**
 * Whether a file is one that the accept attribute asks for. HTML, section
 * 4.10.5.1.18: a comma-separated list of extensions with their dot, media types,
 * and audio/*, video/*, image/*. An empty list takes everything.
 */
export function accepts(accept: string, file: { name: string; type: string }): boolean {
  const wanted = accept.toLowerCase().split(",").map((token) => token.trim()).filter((token) => token !== "");
  if (wanted.length === 0) return true;
  const name = file.name.toLowerCase();
  const type = file.type.toLowerCase().split(";")[0]?.trim() ?? "";
  return wanted.some((token) => {
    if (token.startsWith(".")) return name.endsWith(token);
    if (token.endsWith("/*")) return type.startsWith(token.slice(0, -1));
    return type === token;
  });
}
