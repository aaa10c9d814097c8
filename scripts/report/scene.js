"use strict";

// The 3D scene: surface points, cameras with their pictures, the bounds. Its unit is the bounds'
// radius, its origin their centre; x, y and z are those of world, z is up.
function makeScene(canvas, data, onChoose) {
  const gl = canvas.getContext("webgl", { antialias: true, alpha: false });
  if (!gl) return null;

  const FOV = (40 * Math.PI) / 180;
  const views = data.views;
  const distances = views.map((view) => Math.hypot(...view.center)).sort((a, b) => a - b);
  const median = distances[Math.floor(distances.length / 2)];
  const farthest = distances[distances.length - 1];
  // Cameras on a sphere stand about sqrt(4 pi / n) of its radius apart.
  const apart = Math.sqrt((4 * Math.PI) / views.length);
  const usualSize = Math.max(median, 0.3) * Math.min(0.17, 0.4 * apart);
  const state = { chosen: null, points: true, pictures: true, scale: 1 };
  let eye;

  const reset = () => {
    // From where all cameras and the bounds just fit into the canvas.
    const [low, high] = data.box;
    const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((corner) =>
      [1, 2, 4].map((bit, axis) => (corner & bit ? high : low)[axis]));
    const all = [...views.map((view) => view.center), ...corners];
    const ends = [0, 1, 2].map((axis) => all.map((point) => point[axis]));
    const target = ends.map((values) => (least(values) + most(values)) / 2);
    eye = { azimuth: 0.9, elevation: 0.45, distance: 1, target };
    const { back, right, up } = axes();
    const tall = 0.93 * Math.tan(FOV / 2);
    const wide = (tall * canvas.clientWidth) / Math.max(1, canvas.clientHeight);
    const room = usualSize * 0.7;
    // What is nearer looks larger, so that the middle of the picture is found step by step.
    for (let step = 0; step < 4; step++) {
      const from = all.map((point) => plus(point, eye.target, -1));
      eye.distance = most(from.map((point) => dot(point, back) + Math.max(
        (Math.abs(dot(point, right)) + room) / wide, (Math.abs(dot(point, up)) + room) / tall, 0.5)));
      for (const side of [right, up]) {
        const seen = from.map((point) => dot(point, side) / (eye.distance - dot(point, back)));
        eye.target = plus(eye.target, side, ((least(seen) + most(seen)) / 2) * eye.distance);
      }
    }
    redraw();
  };

  // Geometry of the eye -----------------------------------------------------------------------

  const cross = (a, b) => [
    a[1] * b[2] - a[2] * b[1],
    a[2] * b[0] - a[0] * b[2],
    a[0] * b[1] - a[1] * b[0],
  ];
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const plus = (a, b, factor = 1) => a.map((value, i) => value + factor * b[i]);
  const least = (values) => values.reduce((a, b) => Math.min(a, b));
  const most = (values) => values.reduce((a, b) => Math.max(a, b));

  function axes() {
    const { azimuth, elevation } = eye;
    const back = [
      Math.cos(elevation) * Math.cos(azimuth),
      Math.cos(elevation) * Math.sin(azimuth),
      Math.sin(elevation),
    ];
    const right = [-Math.sin(azimuth), Math.cos(azimuth), 0];
    return { back, right, up: cross(back, right) };
  }

  // clip_from_world, column by column as WebGL takes it.
  function clipFromWorld() {
    const { back, right, up } = axes();
    const position = plus(eye.target, back, eye.distance);
    const near = eye.distance * 0.01;
    const far = eye.distance + 2 * (farthest + 3);
    const f = 1 / Math.tan(FOV / 2);
    const aspect = canvas.width / canvas.height;
    const rows = [
      [...right.map((v) => (v * f) / aspect), (-dot(right, position) * f) / aspect],
      [...up.map((v) => v * f), -dot(up, position) * f],
      [...back.map((v) => (v * (far + near)) / (near - far)), 0],
      [...back.map((v) => -v), dot(back, position)],
    ];
    rows[2][3] = (-dot(back, position) * (far + near)) / (near - far) + (2 * far * near) / (near - far);
    const columns = [];
    for (let c = 0; c < 4; c++) for (let r = 0; r < 4; r++) columns.push(rows[r][c]);
    return new Float32Array(columns);
  }

  // Programs ----------------------------------------------------------------------------------

  function program(vertex, fragment) {
    const made = gl.createProgram();
    for (const [type, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(made, shader);
    }
    gl.linkProgram(made);
    if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
    return made;
  }

  const COLORED = `
    precision mediump float;
    varying vec4 v_color;
    void main() { gl_FragColor = vec4(v_color.rgb * v_color.a, v_color.a); }`;

  const pointProgram = program(`
    attribute vec3 position;
    attribute vec3 color;
    uniform mat4 clip_from_world;
    uniform float extent;
    uniform float size;
    varying vec4 v_color;
    void main() {
      gl_Position = clip_from_world * vec4(position * extent, 1.0);
      gl_PointSize = clamp(size / gl_Position.w, 1.5, 12.0);
      v_color = vec4(color, 1.0);
    }`, COLORED);

  // A line is a strip of two triangles, since WebGL's own are one pixel wide.
  const lineProgram = program(`
    attribute vec3 start;
    attribute vec3 end;
    attribute vec2 corner;
    attribute vec4 color;
    attribute float width;
    uniform mat4 clip_from_world;
    uniform vec2 viewport;
    varying vec4 v_color;
    void main() {
      vec4 a = clip_from_world * vec4(start, 1.0);
      vec4 b = clip_from_world * vec4(end, 1.0);
      float near = 0.001;
      if (a.w < near && b.w > near) a = mix(a, b, (near - a.w) / (b.w - a.w));
      if (b.w < near && a.w > near) b = mix(b, a, (near - b.w) / (a.w - b.w));
      vec2 along = (b.xy / b.w - a.xy / a.w) * viewport;
      along = length(along) > 0.0001 ? normalize(along) : vec2(1.0, 0.0);
      vec4 here = mix(a, b, corner.x);
      here.xy += vec2(-along.y, along.x) * corner.y * width / viewport * here.w;
      gl_Position = here;
      v_color = color;
    }`, COLORED);

  const pictureProgram = program(`
    attribute vec3 position;
    attribute vec2 place;
    attribute float strength;
    uniform mat4 clip_from_world;
    varying vec2 v_place;
    varying float v_strength;
    void main() {
      gl_Position = clip_from_world * vec4(position, 1.0);
      v_place = place;
      v_strength = strength;
    }`, `
    precision mediump float;
    uniform sampler2D atlas;
    varying vec2 v_place;
    varying float v_strength;
    void main() {
      vec4 color = texture2D(atlas, v_place);
      if (color.a < 0.05) discard;
      gl_FragColor = color * v_strength;
    }`);

  function draw(made, buffer, stride, layout, count, mode) {
    gl.useProgram(made);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    const used = layout.map(([name, size, type, normalized, offset]) => {
      const location = gl.getAttribLocation(made, name);
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, type, normalized, stride, offset);
      return location;
    });
    gl.drawArrays(mode, 0, count);
    used.forEach((location) => gl.disableVertexAttribArray(location));
  }

  // Points ------------------------------------------------------------------------------------

  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const pointBuffer = gl.createBuffer();
  {
    const { count, positions, colors } = data.points;
    const from = new DataView(bytes(positions).buffer);
    const color = bytes(colors);
    const packed = new DataView(new ArrayBuffer(count * 12));
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < 3; j++) {
        packed.setInt16(i * 12 + j * 2, from.getInt16(i * 6 + j * 2, true), true);
        packed.setUint8(i * 12 + 8 + j, color[i * 3 + j]);
      }
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, pointBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, packed.buffer, gl.STATIC_DRAW);
  }

  // Cameras -----------------------------------------------------------------------------------

  // Of a camera: its centre and the corners of its picture, which is as wide as `size`.
  function frustum(view) {
    const across = Math.hypot(...plus(view.corners[1], view.corners[0], -1));
    const size = usualSize * state.scale * (state.chosen === view.index ? 1.35 : 1);
    return view.corners.map((corner) => plus(view.center, corner, size / across));
  }

  const lineBuffer = gl.createBuffer();
  const pictureBuffer = gl.createBuffer();
  let lineCount = 0;
  let pictureCount = 0;
  let colors = {};

  function readColors() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["space", "camera", "accent", "second", "soft", "x", "y", "z"]) {
      const hex = style.getPropertyValue(`--${name}`).trim();
      colors[name] = [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16) / 255);
    }
  }

  const byIndex = new Map(views.map((view) => [view.index, view]));
  const isNeighbor = (view) =>
    state.chosen !== null && byIndex.get(state.chosen).neighbors.includes(view.index);

  function build() {
    const lines = [];
    const segment = (a, b, color, alpha, width) => {
      for (const [along, side] of [[0, -1], [0, 1], [1, 1], [0, -1], [1, 1], [1, -1]]) {
        lines.push(...a, ...b, along, side, ...color, alpha, width);
      }
    };
    const [low, high] = data.box;
    for (let axis = 0; axis < 3; axis++) {
      for (const [i, j] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
        const a = [0, 0, 0];
        a[(axis + 1) % 3] = [low, high][i][(axis + 1) % 3];
        a[(axis + 2) % 3] = [low, high][j][(axis + 2) % 3];
        const b = [...a];
        a[axis] = low[axis];
        b[axis] = high[axis];
        const main = i === 0 && j === 0;
        segment(a, b, main ? colors["xyz"[axis]] : colors.soft, main ? 1 : 0.45, main ? 2 : 1);
      }
    }
    const pictures = [];
    for (const view of views) {
      const chosen = view.index === state.chosen;
      const near = isNeighbor(view);
      const other = state.chosen !== null && !chosen && !near;
      const color = chosen ? colors.accent : near ? colors.second : colors.camera;
      const alpha = other ? 0.6 : 1;
      const width = chosen ? 3 : near ? 2 : 1.2;
      const corners = frustum(view);
      corners.forEach((corner, i) => {
        segment(view.center, corner, color, alpha, width);
        segment(corner, corners[(i + 1) % 4], color, alpha, width);
      });
      // A roof on the upper edge shows which way is up.
      const middle = corners[0].map((value, i) => (value + corners[1][i]) / 2);
      const tip = plus(middle, plus(corners[0], corners[3], -1), 0.22);
      const ends = [0, 1].map((i) => plus(middle, plus(corners[i], middle, -1), 0.5));
      for (const end of ends) segment(end, tip, color, alpha, width);
      if (near) segment(byIndex.get(state.chosen).center, view.center, colors.second, 0.7, 1.2);
      const place = places.get(view.index);
      if (place) {
        const [left, top, right, bottom] = place;
        const at = [[left, top], [right, top], [right, bottom], [left, bottom]];
        for (const i of [0, 1, 2, 0, 2, 3]) pictures.push(...corners[i], ...at[i], other ? 0.4 : 1);
      }
    }
    lineCount = lines.length / 13;
    gl.bindBuffer(gl.ARRAY_BUFFER, lineBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(lines), gl.DYNAMIC_DRAW);
    pictureCount = pictures.length / 6;
    gl.bindBuffer(gl.ARRAY_BUFFER, pictureBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(pictures), gl.DYNAMIC_DRAW);
  }

  // Pictures of all cameras share one texture ---------------------------------------------------

  const places = new Map();
  const texture = gl.createTexture();

  async function fillAtlas(pictureOf) {
    const across = Math.ceil(Math.sqrt(views.length));
    const cell = Math.min(128, Math.floor(2048 / across));
    const atlas = document.createElement("canvas");
    atlas.width = atlas.height = across * cell;
    const context = atlas.getContext("2d");
    const put = () => {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, atlas);
      for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
        gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
      }
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
      change();
    };
    for (const [number, view] of views.entries()) {
      const source = pictureOf(view.index);
      if (source) {
        const image = new Image();
        image.src = source;
        try {
          await image.decode();
        } catch {
          continue;
        }
        const x = (number % across) * cell;
        const y = Math.floor(number / across) * cell;
        context.drawImage(image, x, y, cell, cell);
        const inset = 0.5;
        places.set(view.index, [x + inset, y + inset, x + cell - inset, y + cell - inset]
          .map((value) => value / atlas.width));
      }
      if (number % 100 === 99) put();
    }
    put();
  }

  // Drawing, when something has changed ---------------------------------------------------------

  let asked = false;
  let stale = true;

  function redraw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(paint);
  }

  function change() {
    stale = true;
    redraw();
  }

  function paint() {
    asked = false;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    if (stale) build();
    stale = false;
    const matrix = clipFromWorld();
    gl.viewport(0, 0, width, height);
    gl.clearColor(...colors.space, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    for (const made of [pointProgram, lineProgram, pictureProgram]) {
      gl.useProgram(made);
      gl.uniformMatrix4fv(gl.getUniformLocation(made, "clip_from_world"), false, matrix);
    }
    const F = gl.FLOAT;
    if (state.points) {
      gl.useProgram(pointProgram);
      gl.uniform1f(gl.getUniformLocation(pointProgram, "extent"), data.points.extent);
      // As wide as points of a surface of a few radii squared are apart.
      const spacing = 2.6 / Math.sqrt(Math.max(1, data.points.count));
      gl.uniform1f(gl.getUniformLocation(pointProgram, "size"), (spacing * height) / Math.tan(FOV / 2));
      draw(pointProgram, pointBuffer, 12, [
        ["position", 3, gl.SHORT, true, 0],
        ["color", 3, gl.UNSIGNED_BYTE, true, 8],
      ], data.points.count, gl.POINTS);
    }
    if (state.pictures && pictureCount) {
      draw(pictureProgram, pictureBuffer, 24, [
        ["position", 3, F, false, 0],
        ["place", 2, F, false, 12],
        ["strength", 1, F, false, 20],
      ], pictureCount, gl.TRIANGLES);
    }
    gl.useProgram(lineProgram);
    gl.uniform2f(gl.getUniformLocation(lineProgram, "viewport"), width / ratio, height / ratio);
    draw(lineProgram, lineBuffer, 52, [
      ["start", 3, F, false, 0],
      ["end", 3, F, false, 12],
      ["corner", 2, F, false, 24],
      ["color", 4, F, false, 32],
      ["width", 1, F, false, 48],
    ], lineCount, gl.TRIANGLES);
  }

  // Hands -------------------------------------------------------------------------------------

  const turn = (across, up) => {
    eye.azimuth -= across;
    eye.elevation = Math.max(-1.56, Math.min(1.56, eye.elevation + up));
    redraw();
  };
  const zoom = (factor) => {
    const all = Math.max(farthest, 1);
    eye.distance = Math.max(all * 0.02, Math.min(all * 20, eye.distance * factor));
    redraw();
  };
  const move = (dx, dy) => {
    const { right, up } = axes();
    const step = (2 * eye.distance * Math.tan(FOV / 2)) / canvas.clientHeight;
    eye.target = plus(plus(eye.target, right, -dx * step), up, dy * step);
    redraw();
  };

  // Where a camera is in the canvas, in CSS pixels, and how far away.
  function onScreen(view, matrix) {
    const at = frustum(view).reduce((sum, corner) => plus(sum, corner, 0.2), view.center.map((v) => v * 0.2));
    const [x, y, , w] = [0, 1, 2, 3].map(
      (row) => matrix[row] * at[0] + matrix[4 + row] * at[1] + matrix[8 + row] * at[2] + matrix[12 + row],
    );
    return {
      x: ((x / w + 1) / 2) * canvas.clientWidth,
      y: ((1 - y / w) / 2) * canvas.clientHeight,
      w,
    };
  }

  function cameraAt(event) {
    const frame = canvas.getBoundingClientRect();
    const matrix = clipFromWorld();
    let best = null;
    for (const view of views) {
      const { x, y, w } = onScreen(view, matrix);
      if (w <= 0) continue;
      const off = Math.hypot(x - (event.clientX - frame.left), y - (event.clientY - frame.top));
      const reach = Math.max(12, (usualSize * state.scale * canvas.clientHeight) / (w * 4 * Math.tan(FOV / 2)));
      // Of several cameras under the pointer the nearer one is meant.
      if (off < reach && (!best || off / reach + w / farthest < best.score)) {
        best = { score: off / reach + w / farthest, index: view.index };
      }
    }
    return best && best.index;
  }

  const pointers = new Map();
  let moved = 0;

  canvas.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event);
    canvas.setPointerCapture(event.pointerId);
    if (pointers.size === 1) moved = 0;
    canvas.classList.add("turning");
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") canvas.classList.toggle("over", cameraAt(event) !== null);
      return;
    }
    const dx = event.clientX - before.clientX;
    const dy = event.clientY - before.clientY;
    moved += Math.abs(dx) + Math.abs(dy);
    if (pointers.size === 2) {
      const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
      const apartBefore = Math.hypot(before.clientX - other.clientX, before.clientY - other.clientY);
      const apartNow = Math.hypot(event.clientX - other.clientX, event.clientY - other.clientY);
      if (apartBefore > 0 && apartNow > 0) zoom(apartBefore / apartNow);
      move(dx / 2, dy / 2);
    } else if (event.shiftKey || before.button === 2) {
      move(dx, dy);
    } else {
      turn(dx * 0.008, dy * 0.008);
    }
    // The button is known from the start alone.
    pointers.set(event.pointerId, {
      pointerId: event.pointerId, clientX: event.clientX, clientY: event.clientY, button: before.button,
    });
  });
  const release = (event) => {
    const pressed = pointers.delete(event.pointerId);
    if (!pointers.size) canvas.classList.remove("turning");
    if (pressed && event.type === "pointerup" && moved < 5 && !pointers.size) onChoose(cameraAt(event));
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("wheel", (event) => {
    // Until it is clicked, the wheel scrolls the page past the scene.
    if (document.activeElement !== canvas && !event.ctrlKey) return;
    event.preventDefault();
    zoom(Math.exp(Math.max(-100, Math.min(100, event.deltaY)) * 0.0015));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = 0.1;
    const keys = {
      ArrowLeft: () => turn(-step, 0),
      ArrowRight: () => turn(step, 0),
      ArrowUp: () => turn(0, step),
      ArrowDown: () => turn(0, -step),
      "+": () => zoom(0.9),
      "=": () => zoom(0.9),
      "-": () => zoom(1 / 0.9),
      Home: reset,
    };
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  canvas.addEventListener("webglcontextrestored", () => location.reload());
  new ResizeObserver(redraw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColors();
    change();
  });

  readColors();
  reset();
  return {
    reset,
    fillAtlas,
    choose(index) {
      state.chosen = index;
      change();
    },
    show(what, shown) {
      state[what] = shown;
      redraw();
    },
    scale(factor) {
      state.scale = factor;
      change();
    },
    // For tests: what stands in the scene, and where a camera is on the page.
    describe() {
      return {
        frusta: (lineCount / 6 - 12 - views.filter(isNeighbor).length) / 10,
        pictures: pictureCount / 6,
        points: data.points.count,
        eye: { ...eye },
      };
    },
    where(index) {
      const frame = canvas.getBoundingClientRect();
      const { x, y } = onScreen(byIndex.get(index), clipFromWorld());
      return { x: frame.left + x, y: frame.top + y };
    },
  };
}
