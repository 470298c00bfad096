/** How a file is mounted. */
interface FileOptions {
  /** absolute and normalized */
  path: string;
  /** octal permissions: `0444` */
  mode: string;
  uid: number;
  gid: number;
  /** mounted from a Swarm secret, in memory, instead of from a config */
  secret: boolean;
}

/** A file of a release, as its row has it. */
export interface ReleaseFile extends FileOptions {
  sizeBytes: number;
  /** SHA-256 of the content, hexadecimal; null for a secret: a short one could be guessed from it */
  sha256: string | null;
  /** keyed hash of the content, under which it is stored */
  contentId: string;
}

/** A file of a request. */
export interface NewFile extends FileOptions {
  content: Buffer;
}

/** A file whose Swarm config or secret exists. */
export interface MountedFile extends ReleaseFile {
  objectId: string;
  objectName: string;
}

/** A content by its id. */
export type FileContents = ReadonlyMap<string, Buffer>;

export interface FilesToStore {
  files: ReleaseFile[];
  /** undefined for a clone, whose files are stored */
  contents?: FileContents;
}
