# Nothing between the backquotes.
y ~ Normal(``, 1)
