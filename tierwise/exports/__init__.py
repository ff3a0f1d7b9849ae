"""A finished run in the forms that other programs read: one file per form, pure writers."""
