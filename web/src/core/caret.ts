/** The line of a text with a caret under a column; both count from 1. Wide characters take the room of two. */
export function caretOf(text: string, line: number, col: number): string {
  const row = text.split("\n")[line - 1] ?? "";
  const before = [...row].slice(0, Math.max(0, col - 1));
  const room = before.map((character) => (wide.test(character) ? "　" : character === "\t" ? "\t" : " ")).join("");
  return `${row}\n${room}^`;
}

const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}　-〿！-｠]/u;
