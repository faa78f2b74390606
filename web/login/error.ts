/** Why signing in failed. code is stable API, message is not. */
export class LoginError extends Error {
  override readonly name = "LoginError";
  readonly code: LoginErrorCode;
  /** The provider's own error code, such as "access_denied". */
  readonly providerCode: string | undefined;

  constructor(code: LoginErrorCode, text: string, options?: ErrorOptions & { providerCode?: string }) {
    super(text, options);
    this.code = code;
    this.providerCode = options?.providerCode;
  }

  /** One sentence: what to do about it. */
  get hint(): string {
    return hints[this.code];
  }
}

export type LoginErrorCode = keyof typeof hints;

const hints = {
  SignInNeeded: "Sign in again.",
  PopupBlocked: "Allow this page to open windows, or call signInPopup straight from a click.",
  Superseded: "Nothing: a later sign-in took its place.",
  FrameBlocked: "Sign in again; and check that the page's CSP allows frames of the issuer, and that frameRedirectUri may be framed.",
  Refused: "Sign in again, or ask the provider's administrator whether you may use this application.",
  StateMismatch: "Sign in again from this page: the answer belongs to another sign-in, or to none.",
  OtherPerson: "Sign out first to go on as somebody else: what was begun belongs to who was signed in before.",
  TokenInvalid: "Check the issuer and the client ID, and this computer's clock.",
  AnswerInvalid: "Check the issuer: what answers there is not an OpenID Connect provider as its discovery document says.",
  Unreachable: "Check the issuer's address, the network, and that the provider allows this page's origin (CORS).",
} as const;
