// Photos on the form: made smaller on the device (which also leaves out what the camera wrote into them), shown, kept with the slip.

const SIDE_PX = 1600;
const MOST = { goods: 4, certificate: 2 };

/** Returns the photos so far, as {kind, place, blob}. */
export function startPhotos(form, before = []) {
  const photos = [...before];
  const places = (kind) => photos.filter((photo) => photo.kind === kind).map((photo) => photo.place);

  function show(photo) {
    const row = form.querySelector(`[data-shown=${photo.kind}]`);
    const picture = document.createElement("img");
    Object.assign(picture, { src: URL.createObjectURL(photo.blob), alt: row.parentElement.querySelector("label").textContent.trim() });
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "button button-quiet", textContent: row.dataset.shownRemove });
    const item = document.createElement("li");
    item.append(picture, remove);
    remove.addEventListener("click", () => {
      photos.splice(photos.indexOf(photo), 1);
      URL.revokeObjectURL(picture.src);
      item.remove();
      row.parentElement.querySelector("input").focus();
    });
    row.append(item);
  }

  async function take(input) {
    const { photos: kind } = input.dataset;
    const files = [...input.files];
    // What is kept here is not sent a second time with the form.
    input.value = "";
    for (const file of files) {
      const place = Math.max(0, ...places(kind)) + 1;
      if (place > MOST[kind]) break;
      const photo = { kind, place, blob: (await smaller(file)) ?? file };
      photos.push(photo);
      show(photo);
    }
  }

  form.addEventListener("change", (event) => event.target.dataset.photos && take(event.target));
  photos.forEach(show);
  // Chosen before this file was here.
  for (const input of form.querySelectorAll("[data-photos]")) if (input.files.length) take(input);
  return photos;
}

/** The picture as a JPEG with bounded sides, or nothing where the browser cannot read it: then the server says so. */
async function smaller(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, SIDE_PX / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  } catch {
    return null;
  }
}
