//! Why a template cannot be rendered: which one, what is wrong and where.

/// Why a template cannot be rendered. Each of these is a fault of tarn's templates, but for
/// [`RenderError::TooLarge`]: that is a lake too large for one stack.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The templates do not parse, or do not fit their context.
    #[error("template {template}: {report}")]
    Template {
        /// The template's file.
        template: &'static str,
        /// What is wrong, with the lines it is about.
        report: String,
    },
    /// What was rendered is no YAML.
    #[error("template {template}, rendered line {line}: {problem}\n{excerpt}")]
    Yaml {
        /// The template's file.
        template: &'static str,
        /// The line in the rendered text; 0 if unknown.
        line: usize,
        /// What is wrong.
        problem: String,
        /// The lines around it.
        excerpt: String,
    },
    /// What was rendered refers to something that is not there, or is no template at all.
    #[error("template {template}, at {place}: {problem}")]
    Broken {
        /// The template's file.
        template: &'static str,
        /// The path of keys, such as `Resources.Key.Properties`.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// The stack is larger than CloudFormation or IAM take it.
    #[error("stack {stack}, at {place}: {count} {what}, and {most} is the most; {advice}")]
    TooLarge {
        /// The stack's name.
        stack: String,
        /// Where in the template.
        place: String,
        /// How many there are.
        count: usize,
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
        /// What the user can do.
        advice: &'static str,
    },
}
