/** Where a file stands, in Fine Uploader's words. */
export const status = {
  SUBMITTING: "submitting",
  SUBMITTED: "submitted",
  REJECTED: "rejected",
  QUEUED: "queued",
  CANCELED: "canceled",
  PAUSED: "paused",
  UPLOADING: "uploading",
  UPLOAD_FINALIZING: "upload finalizing",
  UPLOAD_RETRYING: "retrying upload",
  UPLOAD_SUCCESSFUL: "upload successful",
  UPLOAD_FAILED: "upload failed",
  DELETE_FAILED: "delete failed",
  DELETING: "deleting",
  DELETED: "deleted",
} as const;

export type Status = (typeof status)[keyof typeof status];
