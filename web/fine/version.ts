/** The version whose interface this is. */
export const version = "5.16.2";
