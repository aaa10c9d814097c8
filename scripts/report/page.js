// The page: choosing views, enlarging pictures, copying text.
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const views = data.views;
  const order = new Map(views.map((view, place) => [view.index, place]));
  const find = (id) => document.getElementById(id);
  const NAMES = { render: "RGB", depth: "Depth", mask: "Mask", normal: "Normal" };
  const OPENED = /\.(png|jpe?g|webp|bmp)$/i;

  const make = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const image = (index, kind) =>
    document.querySelector(`#view-${index} [data-kind="${kind}"] img`);
  const pictureOf = (index) => image(index, "render")?.src;
  const near = (index, step) =>
    views[(order.get(index) + step + views.length) % views.length].index;

  // The scene and the view that is chosen in it -------------------------------------------------

  let chosen = null;
  let scene = null;

  function choose(index) {
    document.querySelectorAll(".chosen[data-view]").forEach((mark) => mark.classList.remove("chosen"));
    chosen = index;
    scene?.choose(index);
    find("chosen").hidden = index === null;
    if (index === null) return;
    document.querySelectorAll(`[data-view="${index}"]`).forEach((mark) => mark.classList.add("chosen"));
    const view = views[order.get(index)];
    find("chosen-title").textContent = `View ${index}`;
    const link = find("chosen-picture");
    const source = pictureOf(index);
    link.hidden = !source;
    if (source) {
      link.href = view.files.render;
      link.replaceChildren(make("img", { src: source, alt: `RGB of view ${index}` }));
    }
    find("chosen-facts").replaceChildren(
      ...view.facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
    );
    find("neighbors-title").textContent = view.neighbors.length
      ? "Sees most in common with"
      : data.compared ? "Shares nothing with other views" : "";
    find("neighbors").replaceChildren(
      ...view.neighbors.map((neighbor) => {
        const button = make("button", { type: "button", "aria-label": `Choose view ${neighbor}` });
        const picture = pictureOf(neighbor);
        if (picture) button.append(make("img", { src: picture, alt: "" }));
        button.append(String(neighbor));
        button.addEventListener("click", () => choose(neighbor));
        return button;
      }),
    );
  }

  const canvas = find("space");
  scene = makeScene(canvas, data, choose);
  if (scene) {
    // Decoding all pictures can wait until the rest of the page stands.
    setTimeout(() => scene.fillAtlas(pictureOf));
  } else {
    find("space-says").textContent = "This browser shows no WebGL, which the 3D scene needs.";
    find("space-says").hidden = false;
  }
  find("reset").addEventListener("click", () => scene?.reset());
  find("show-points").addEventListener("change", (event) => scene?.show("points", event.target.checked));
  find("show-pictures").addEventListener("change", (event) => scene?.show("pictures", event.target.checked));
  find("camera-size").addEventListener("input", (event) => scene?.scale(2 ** event.target.value));
  find("previous").addEventListener("click", () => choose(near(chosen, -1)));
  find("next").addEventListener("click", () => choose(near(chosen, 1)));
  find("chosen-picture").addEventListener("click", (event) => enlarge(event, chosen, "render"));
  canvas.addEventListener("keydown", (event) => {
    const step = { n: 1, p: -1 }[event.key];
    if (step) choose(chosen === null ? views[0].index : near(chosen, step));
    if (event.key === "Escape") choose(null);
  });
  choose(views[0].index);

  // One kind of picture, or all -----------------------------------------------------------------

  for (const input of document.querySelectorAll('input[name="kind"]')) {
    input.addEventListener("change", () => { find("sheet").dataset.show = input.value; });
    if (input.checked) find("sheet").dataset.show = input.value;
  }

  // Enlarged pictures ---------------------------------------------------------------------------

  const viewer = find("viewer");
  const shown = { index: null, kind: null };

  function enlarge(event, index, kind) {
    // With a modifier the browser opens the dataset's own file, as of any link.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    show(index, kind);
    if (!viewer.open) viewer.showModal();
  }

  function show(index, kind) {
    const view = views[order.get(index)];
    const kinds = Object.keys(NAMES).filter((name) => image(index, name));
    if (!kinds.includes(kind)) kind = kinds[0];
    Object.assign(shown, { index, kind });
    find("viewer-title").textContent = `View ${index}`;
    find("viewer-kinds").replaceChildren(
      ...kinds.map((name) => {
        const button = make("button", { type: "button", "aria-pressed": String(name === kind) }, NAMES[name]);
        button.addEventListener("click", () => {
          show(index, name);
          find("viewer-kinds").querySelector('[aria-pressed="true"]').focus();
        });
        return button;
      }),
    );
    const large = find("viewer-image");
    large.onerror = null;
    large.removeAttribute("src");
    if (kind) {
      const small = image(index, kind);
      const own = small.src;
      const file = view.files[kind];
      large.alt = `${NAMES[kind]} of view ${index}`;
      large.classList.toggle("pixels", kind === "mask");
      large.style.setProperty("--aspect", small.getAttribute("width") / small.getAttribute("height"));
      if (OPENED.test(file)) {
        // Where the page lies apart from its dataset, the small picture is what there is.
        large.onerror = () => { large.onerror = null; large.src = own; };
        large.src = file;
      } else {
        large.src = own;
      }
    }
    find("viewer-legend").replaceChildren(...legend(view, kind));
    find("viewer-facts").textContent = view.facts.map((fact) => fact.join(" ")).join(", ");
    find("viewer-files").replaceChildren("Files: ", ...Object.entries(view.files).flatMap(
      ([name, file], place) => [place ? ", " : "", make("a", { href: file }, name)],
    ));
  }

  function legend(view, kind) {
    if (kind === "depth" && view.depth) {
      return [view.depth[0], find("ramp").content.cloneNode(true), view.depth[1]];
    }
    if (kind === "normal") {
      return [`x, y and z of the unit normal in ${data.normals} as red, green and blue, from -1 to 1`];
    }
    if (kind === "mask") {
      return data.objects.slice(0, 24).map((object) => {
        const swatch = find("swatch").content.cloneNode(true);
        swatch.querySelector("rect").setAttribute("fill", object.color);
        return make("span", {}, swatch, ` ${object.name}`);
      });
    }
    return [];
  }

  const step = (by) => show(near(shown.index, by), shown.kind);
  find("viewer-previous").addEventListener("click", () => step(-1));
  find("viewer-next").addEventListener("click", () => step(1));
  find("viewer-close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
  viewer.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by);
  });
  viewer.addEventListener("close", () => { if (shown.index !== null) choose(shown.index); });

  find("sheet").addEventListener("click", (event) => {
    const link = event.target.closest("a[data-kind]");
    if (link) enlarge(event, Number(link.closest("[data-view]").dataset.view), link.dataset.kind);
  });
  document.querySelector(".charts").addEventListener("click", (event) => {
    const mark = event.target.closest("[data-view]");
    if (mark) enlarge(event, Number(mark.dataset.view), "render");
  });

  // Copying -------------------------------------------------------------------------------------

  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        // Of pages from a disk, some browsers take the older way alone.
        getSelection().selectAllChildren(code);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  window.report = { scene, choose, chosen: () => chosen };
})();
