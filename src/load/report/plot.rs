//! Plots as SVG that stretches without its text: curves are drawn on a field of 1,000 by 1,000 that
//! takes any shape, and labels stand at shares of its width and height in the page's own type.

use super::axis::Axis;

/// The field's width and height.
const FIELD: f64 = 1000.0;

/// A curve.
#[derive(Debug)]
pub(super) struct Curve {
    /// What it shows; the legend's words.
    pub(super) name: &'static str,
    /// Its points in order of `x`; none where it is interrupted.
    pub(super) points: Vec<Option<(f64, f64)>>,
}

impl Curve {
    /// Its highest point's value; 0 where there is none above.
    pub(super) fn highest(&self) -> f64 {
        let values = self.points.iter().flatten().map(|&(_, value)| value);
        values.fold(0.0, f64::max)
    }
}

/// A plot: at most two curves over one pair of axes.
#[derive(Debug)]
pub(super) struct Plot {
    /// What it shows.
    pub(super) title: &'static str,
    /// The same in a sentence with figures, for who does not see it.
    pub(super) description: String,
    /// To the right.
    pub(super) x: Axis,
    /// Upwards.
    pub(super) y: Axis,
    /// What is shaded, from the left up to this value.
    pub(super) shaded_to: Option<f64>,
    /// The curves.
    pub(super) curves: Vec<Curve>,
    /// Is the area under the first curve filled?
    pub(super) is_filled: bool,
}

impl Plot {
    /// A figure with its title and legend.
    pub(super) fn figure(&self) -> String {
        let title = escape(self.title);
        let legend: String = match &self.curves[..] {
            [_] => String::new(),
            curves => curves.iter().enumerate().map(legend_entry).collect(),
        };
        format!(
            "<figure>\n<figcaption>{title}{legend}</figcaption>\n{}</figure>\n",
            self.svg()
        )
    }

    fn svg(&self) -> String {
        let field: String = [self.shade(), self.fill(), self.strokes()].concat();
        format!(
            "<svg role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n{}\
             <svg class=\"field\" viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\">\n{field}</svg>\n\
             </svg>\n",
            escape(self.title),
            escape(&self.description),
            self.grid(),
        )
    }

    /// The lines of the grid with their labels.
    fn grid(&self) -> String {
        let mut grid = String::new();
        for tick in &self.y.ticks {
            let y = percent(1.0 - self.y.place(tick.value));
            let line = format!("<line x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\" />");
            let label = match tick.is_spare {
                true => String::new(),
                false => format!("<text class=\"y\" x=\"-8\" y=\"{y}\">{}</text>", tick.label),
            };
            grid.push_str(&format!("{line}{label}\n"));
        }
        for tick in &self.x.ticks {
            let place = self.x.place(tick.value);
            let x = percent(place);
            let line = format!("<line x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100%\" />");
            let spare = if tick.is_spare { " spare" } else { "" };
            let end = if place > 0.95 { " end" } else { "" };
            let label = &tick.label;
            grid.push_str(&format!(
                "{line}<text class=\"x{spare}{end}\" x=\"{x}\" y=\"100%\">{label}</text>\n"
            ));
        }
        grid
    }

    fn shade(&self) -> String {
        let Some(end) = self.shaded_to else {
            return String::new();
        };
        let width = self.x.place(end) * FIELD;
        format!("<rect class=\"shade\" width=\"{width:.1}\" height=\"1000\" />\n")
    }

    fn fill(&self) -> String {
        let points: Vec<(f64, f64)> = match &self.curves[..] {
            [curve, ..] if self.is_filled => curve.points.iter().flatten().copied().collect(),
            _ => return String::new(),
        };
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return String::new();
        };
        let low = (first.0, f64::MIN);
        let all = [&[low], &points[..], &[(last.0, f64::MIN)]].concat();
        let path = self.path(all.into_iter().map(Some));
        format!("<path class=\"fill\" d=\"{path}Z\" />\n")
    }

    fn strokes(&self) -> String {
        let strokes = self.curves.iter().enumerate().map(|(at, curve)| {
            let path = self.path(curve.points.iter().copied());
            format!("<path class=\"curve c{at}\" d=\"{path}\" />\n")
        });
        strokes.collect()
    }

    fn path(&self, points: impl Iterator<Item = Option<(f64, f64)>>) -> String {
        let mut path = String::new();
        let mut verb = 'M';
        for point in points {
            let Some((x, y)) = point else {
                verb = 'M';
                continue;
            };
            let x = self.x.place(x) * FIELD;
            let y = (1.0 - self.y.place(y)) * FIELD;
            path.push_str(&format!("{verb}{x:.1} {y:.1}"));
            verb = 'L';
        }
        path
    }
}

fn legend_entry((at, curve): (usize, &Curve)) -> String {
    format!(
        " <span class=\"key\"><svg aria-hidden=\"true\"><path class=\"curve c{at}\" d=\"M1 5h26\" /></svg> {}</span>",
        escape(curve.name)
    )
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// `text` as HTML that says just that, also within quotes. Control characters are shown as unknown.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ if c.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            _ => escaped.push(c),
        }
    }
    escaped
}
