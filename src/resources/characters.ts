/** The number of characters, counted as code points and not as UTF-16 units. */
export function characterCount(text: string): number {
  let count = text.length;
  for (let place = 0; place < text.length; place++) {
    const unit = text.charCodeAt(place);
    if (unit >= 0xd800 && unit <= 0xdbff) count -= 1;
  }
  return count;
}

/**
 * Quotes a text that came from outside, in an answer or in a row: its first `max` UTF-16 units. Half a character, at the
 * cut or in the text itself, would become `"\ud83d"` in JSON, which strict parsers refuse.
 */
export function cutText(text: string, max: number): string {
  const cut = text.slice(0, max);
  const isSplit = text.length > max && /[\uD800-\uDBFF]$/.test(cut);
  return (isSplit ? cut.slice(0, -1) : cut).toWellFormed();
}
