/** The build inlines an icon as its text. */
declare module "*.svg" {
  const text: string;
  export default text;
}
