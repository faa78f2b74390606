declare const qq: unknown;
export = qq;
