/** Files that the build copies beside the scripts. The value is the path relative to the importing script. */
declare module "*.mp4" {
  const path: string;
  export default path;
}
declare module "*.webp" {
  const path: string;
  export default path;
}
