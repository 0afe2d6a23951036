// SPDX-License-Identifier: GPL-2.0-only
// What tests/browser asks of a page as it is shown: its size, its text, and what a reader would find wrong.
((letters, contrast, row) => { // the least of the first two, in pixels and as WCAG has it; the highest row
  const faults = new Set();
  const body = document.body ?? document.documentElement; // of a picture: svg
  const canvas = Object.assign(document.createElementNS('http://www.w3.org/1999/xhtml', 'canvas'),
    {width: 1, height: 1});
  const pen = canvas.getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const luminance = colour => colour.slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const dark = matchMedia('(prefers-color-scheme: dark)').matches &&
    getComputedStyle(document.documentElement).colorScheme.includes('dark');
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = rgba(getComputedStyle(element).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return dark ? [18, 18, 18] : [255, 255, 255];
  };
  const legible = (what, colour, element) => {
    const [low, high] = [rgba(colour), behind(element)].map(luminance).sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < contrast) faults.add(`has ${what} of contrast ${ratio.toFixed(1)}, want ${contrast}`);
  };
  const shown = (root, names) => [...root.querySelectorAll(names)].filter(e => e.checkVisibility());

  const checkText = () => {
    const texts = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode.data.trim(), element = texts.currentNode.parentElement;
      if (!text || !element.checkVisibility() || element.closest('script, style, title')) continue;
      const style = getComputedStyle(element);
      legible(`text '${text.slice(0, 40)}'`, element.closest('svg') ? style.fill : style.color, element);
    }
  };

  // What the letters of a text cover is less than the box of their line.
  const covered = text => {
    const {left, right, top, bottom, height} = text.getBoundingClientRect();
    const scale = text.getScreenCTM();
    return {left: left + 0.5, right: right - 0.5, top: top + 0.2 * height, bottom: bottom - 0.2 * height,
      size: parseFloat(getComputedStyle(text).fontSize) * Math.hypot(scale.a, scale.b),
      name: text.textContent.trim()};
  };

  const checkLetters = (svg, texts) => {
    const frame = svg.getBoundingClientRect();
    texts.forEach((text, i) => {
      if (text.size < letters)
        faults.add(`has letters of ${text.size.toFixed(1)} pixels in a plot: '${text.name}'`);
      if (text.left < frame.left - 1 || text.right > frame.right + 1 || text.top < frame.top - 1 ||
          text.bottom > frame.bottom + 1)
        faults.add(`text is cut off: '${text.name}'`);
      for (let j = i + 1; j < texts.length && texts[j].top < text.bottom; j++) // they are sorted
        if (texts[j].left < text.right && texts[j].right > text.left)
          faults.add(`'${texts[j].name}' lies on '${text.name}'`);
    });
  };

  const checkCrossing = (path, texts) => {
    const matrix = path.getScreenCTM(), length = path.getTotalLength();
    for (let at = 0; at <= length; at += 2) {
      const {x, y} = path.getPointAtLength(at).matrixTransform(matrix);
      for (const text of texts)
        if (x > text.left && x < text.right && y > text.top && y < text.bottom)
          faults.add(`a line crosses '${text.name}'`);
    }
  };

  // The colours of the lines of each of its axes.
  const checkLines = (svg, texts) => {
    const axes = new Map();
    for (const series of shown(svg, '[id*="-series-"]')) {
      const path = series.querySelector('path'), colour = getComputedStyle(path).stroke;
      const others = axes.get(series.parentNode) ?? [];
      if (others.includes(colour)) faults.add(`has two lines of one colour: ${colour}`);
      axes.set(series.parentNode, [...others, colour]);
      legible('a line', colour, svg);
      checkCrossing(path, texts);
    }
    return [...axes.values()];
  };

  const servers = new Set(shown(body, 'table')
    .filter(table => ['server', 'target'].includes(table.rows[0].cells[0].textContent))
    .flatMap(table => [...table.rows].slice(1).map(row => row.cells[0].textContent)));
  checkText();
  for (const svg of body.matches('svg') ? [body] : shown(body, 'svg')) {
    const texts = shown(svg, 'text').map(covered).filter(text => text.name).sort((a, b) => a.top - b.top);
    checkLetters(svg, texts);
    const axes = checkLines(svg, texts);
    if (servers.size && svg.getAttribute('aria-label') === 'Latency by percentile')
      for (const {length} of axes.length ? axes : [[]])
        if (length !== servers.size) faults.add(`has ${length} lines for ${servers.size} servers`);
  }
  for (const {offsetHeight, cells} of shown(body, 'tr'))
    if (offsetHeight > row) faults.add(`has a row of ${offsetHeight} pixels: '${cells[0].textContent}'`);
  if (!(body.innerText ?? '').trim() && !document.querySelector('svg text')) faults.add('shows no text');
  const {scrollWidth, scrollHeight} = document.documentElement;
  return {width: scrollWidth, height: scrollHeight, faults: [...faults],
    picture: body.matches('svg') ? body.width.baseVal.value : 0};
})
