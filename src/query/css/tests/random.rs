//! Random selectors on random pages, against the plainest evaluation there is: jsoup's, from right to left.

use super::*;

/// Elements with their parent, as drawn.
#[derive(Debug)]
struct Page {
    html: String,
}

#[derive(Debug, Clone)]
struct Part {
    combinator: char,
    tag: char,
    pseudo: Option<Pseudo>,
}

#[derive(Debug, Clone)]
enum Pseudo {
    Nth(i64, i64),
    Not(Vec<Part>),
    Has(Vec<Part>),
    Is(Vec<Part>),
}

/// The same numbers on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn tag(&mut self, wild: bool) -> char {
        let tags = ['s', 'b', 'i', '*'];
        tags[self.below(if wild { 4 } else { 3 }) as usize]
    }

    fn page(&mut self) -> Page {
        let (mut html, mut open) = (String::new(), vec![]);
        for _ in 0..self.below(20) + 3 {
            let tag = self.tag(false);
            html.push_str(&format!("<{tag}>"));
            open.push(tag);
            for _ in 0..self.below(3) {
                if let Some(tag) = open.pop() {
                    html.push_str(&format!("</{tag}>x"));
                }
            }
        }
        while let Some(tag) = open.pop() {
            html.push_str(&format!("</{tag}>"));
        }
        Page { html: format!("<div>{html}</div>") }
    }

    fn selector(&mut self, depth: u64, led: bool) -> Vec<Part> {
        let mut parts = vec![];
        for index in 0..=self.below(4) {
            let combinator = [' ', '>', '+', '~'][self.below(4) as usize];
            let none = index == 0 && !(led && self.below(3) == 0 && combinator != ' ');
            let combinator = if none { '-' } else { combinator };
            let pseudo = if depth > 0 && self.below(3) == 0 { Some(self.pseudo(depth)) } else { None };
            parts.push(Part { combinator, tag: self.tag(true), pseudo });
        }
        parts
    }

    fn pseudo(&mut self, depth: u64) -> Pseudo {
        match self.below(5) {
            0 => Pseudo::Not(self.selector(depth - 1, false)),
            1 => Pseudo::Is(self.selector(depth - 1, false)),
            2 => Pseudo::Has(self.selector(depth - 1, true)),
            _ => Pseudo::Nth(self.below(5) as i64 - 2, self.below(5) as i64 - 1),
        }
    }
}

fn written(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        if part.combinator != '-' {
            text.push_str(&format!(" {} ", part.combinator));
        }
        text.push(part.tag);
        match &part.pseudo {
            None => {}
            Some(Pseudo::Nth(a, b)) => text.push_str(&format!(":nth-child({a}n{b:+})")),
            Some(Pseudo::Not(parts)) => text.push_str(&format!(":not({})", written(parts))),
            Some(Pseudo::Is(parts)) => text.push_str(&format!(":is({})", written(parts))),
            Some(Pseudo::Has(parts)) => text.push_str(&format!(":has({})", written(parts))),
        }
    }
    text
}

fn elements(tree: &Tree, parent: NodeId) -> Vec<NodeId> {
    tree.children(parent).filter(|child| tree.is_element(*child)).collect()
}

/// Whether `node` matches the selector below `root`, where `+` and `~` may leave the root only when they
/// lead.
fn matches(tree: &Tree, root: NodeId, parts: &[Part], node: NodeId) -> bool {
    let Some((last, rest)) = parts.split_last() else { return node == root };
    if !matches_part(tree, root, last, node) {
        return false;
    }
    if last.combinator == '-' {
        return true;
    }
    let above = |node: NodeId| tree.parent(node).filter(|parent| node != root && *parent >= root);
    let siblings = tree.parent(node).map(|parent| elements(tree, parent)).unwrap_or_default();
    let before: Vec<NodeId> = siblings.into_iter().filter(|sibling| (root..node).contains(sibling)).collect();
    let fits = |node: NodeId| if rest.is_empty() { node == root } else { matches(tree, root, rest, node) };
    match last.combinator {
        '>' => above(node).is_some_and(fits),
        '+' => before.last().copied().is_some_and(fits),
        '~' => before.into_iter().any(fits),
        _ => std::iter::successors(above(node), |node| above(*node)).any(fits),
    }
}

fn matches_part(tree: &Tree, root: NodeId, part: &Part, node: NodeId) -> bool {
    let named = tree.is_element(node) && (part.tag == '*' || tree.name(node).chars().eq([part.tag]));
    named
        && match &part.pseudo {
            None => true,
            Some(Pseudo::Nth(a, b)) => {
                let parent = tree.parent(node).filter(|parent| tree.is_element(*parent));
                let index =
                    parent.and_then(|parent| elements(tree, parent).iter().position(|child| *child == node));
                index.is_some_and(|index| (0..50).any(|n| a * n + b == index as i64 + 1))
            }
            Some(Pseudo::Not(parts)) => !matches(tree, root, parts, node),
            Some(Pseudo::Is(parts)) => matches(tree, root, parts, node),
            Some(Pseudo::Has(parts)) => found(tree, node, parts).iter().any(|found| *found != node),
        }
}

fn found(tree: &Tree, root: NodeId, parts: &[Part]) -> Vec<NodeId> {
    let leaves = matches!(parts.first(), Some(part) if part.combinator == '+' || part.combinator == '~');
    let end = match tree.parent(root) {
        Some(parent) if leaves => tree.end(parent),
        _ => tree.end(root),
    };
    (root..end).filter(|node| matches(tree, root, parts, *node)).collect()
}

#[test]
fn random_selectors_find_what_the_plain_evaluation_finds() {
    let mut dice = Dice(7);
    let mut hits = 0;
    for _ in 0..150 {
        let page = dice.page();
        let tree = tree(&page.html);
        for _ in 0..20 {
            let parts = dice.selector(2, true);
            let text = written(&parts);
            let root = dice.below(u64::from(tree.len())) as NodeId;
            let root = if tree.is_element(root) { root } else { 0 };
            let expected = found(&tree, root, &parts);
            assert_eq!(select(&tree, &[root], &text), expected, "`{text}` from {root} in {}", page.html);
            hits += usize::from(!expected.is_empty());
        }
    }
    assert!(hits > 500, "only {hits} selectors found anything");
}
