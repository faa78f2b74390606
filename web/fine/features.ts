/** What this browser can do, in Fine Uploader's words. */

function folderDrop(): boolean {
  return typeof DataTransferItem !== "undefined" && "webkitGetAsEntry" in DataTransferItem.prototype;
}

function folderSelection(): boolean {
  return typeof HTMLInputElement !== "undefined" && "webkitdirectory" in HTMLInputElement.prototype;
}

function storage(): boolean {
  try {
    return typeof localStorage !== "undefined" && localStorage !== null;
  } catch {
    return false;
  }
}

/** Every browser that runs this file can upload; few differences are left. */
export function supportedFeatures(): Record<string, boolean> {
  const scaling = typeof createImageBitmap === "function";
  return {
    ajaxUploading: true, blobUploading: true, canDetermineSize: true, chunking: true, deleteFileCors: true,
    deleteFileCorsXdr: false, deleteFileCorsXhr: true, dialogElement: typeof HTMLDialogElement !== "undefined",
    fileDrop: true, folderDrop: folderDrop(), folderSelection: folderSelection(), imagePreviews: true, imageValidation: scaling,
    itemSizeValidation: true, pause: true, progressBar: true, resume: storage(), scaling, tiffPreviews: false,
    unlimitedScaledImageSize: true, uploading: true, uploadCors: true, uploadCustomHeaders: true, uploadNonMultipart: true,
    uploadViaPaste: true,
  };
}
