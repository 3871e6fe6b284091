"""The Typst source of a deck's PDF. It reads all content as data, so no text of a deck is code."""

from __future__ import annotations

TEMPLATE = r"""
#let deck = json("deck.json")
#set document(title: deck.title)
#set page(width: deck.width * 1pt, height: deck.height * 1pt, margin: 0pt)
#set text(lang: deck.lang, region: deck.region, hyphenate: false, fallback: false)
#set par(leading: 0pt, spacing: 0pt, justify: false)
#set block(spacing: 0pt)
#show heading: it => it.body
#let at(x, y, body) = place(top + left, dx: x * 1pt, dy: y * 1pt, body)
#let shape(s) = {
  let fill = rgb(s.colour)
  if s.kind == "panel" {
    let line = s.line * 1pt
    at(s.x + s.line / 2, s.y + s.line / 2, rect(
      width: s.width * 1pt - line, height: s.height * 1pt - line, radius: s.radius * 1pt,
      fill: if s.line == 0 { fill }, stroke: if s.line > 0 { line + fill },
    ))
  } else if s.kind == "ring" {
    let thickness = s.thickness * 1pt
    at(s.x - s.radius + s.thickness / 2, s.y - s.radius + s.thickness / 2, circle(
      radius: s.radius * 1pt - thickness / 2, stroke: thickness + fill,
    ))
  } else if s.kind == "disc" {
    at(s.x - s.radius, s.y - s.radius, circle(radius: s.radius * 1pt, fill: fill))
  } else if s.kind == "area" {
    at(0, 0, polygon(fill: fill, ..s.points.map(p => p.map(v => v * 1pt))))
  } else {
    for line in s.lines {
      let parts = line.slice(1).map(p => curve.line(p.map(v => v * 1pt)))
      at(0, 0, curve(
        stroke: (paint: fill, thickness: s.line * 1pt, cap: "round", join: "round"),
        curve.move(line.at(0).map(v => v * 1pt)), ..parts,
      ))
    }
  }
}
#let runs(line) = for run in line { text(font: run.at(0), run.at(1)) }
#let lines(t) = {
  set text(
    size: t.size * 1pt, weight: t.weight, fill: rgb(t.colour), dir: if t.rtl { rtl } else { ltr },
    top-edge: t.above * 1pt, bottom-edge: (t.above - t.line_height) * 1pt,
  )
  let side = if t.align == "left" { left } else if t.align == "right" { right } else { center }
  let width = deck.width * 4
  let shift = if t.align == "left" { 0 } else if t.align == "right" { width } else { width / 2 }
  at(t.x - shift, t.y, block(width: width * 1pt, align(side, par(
    t.lines.map(runs).join(linebreak())
  ))))
}
#for (n, p) in deck.pages.enumerate() {
  if n > 0 { pagebreak() }
  pdf.artifact(at(0, 0, image(p.background, width: 100%, height: 100%)))
  if p.picture != none {
    let i = p.picture
    let shown = image(i.file, width: i.width * 1pt, height: i.height * 1pt, fit: "cover",
      alt: if i.alt != "" { i.alt })
    at(i.x, i.y, if i.alt == "" { pdf.artifact(shown) } else { shown })
  }
  pdf.artifact({ for s in p.shapes { shape(s) } })
  for group in p.groups {
    if group.kind == "heading" {
      heading(level: 1, lines(group.texts.at(0)))
    } else if group.kind == "list" {
      at(0, 0, block(width: 100%, list(
        marker: [], indent: 0pt, body-indent: 0pt, spacing: 0pt, ..group.texts.map(lines)
      )))
    } else {
      for t in group.texts { lines(t) }
    }
  }
  pdf.artifact({ for t in p.decorations { lines(t) } })
}
"""
