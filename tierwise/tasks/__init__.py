"""The tasks file: what is asked of the images.

yaml_text ─▶ keys ─▶ build (answers, routes, prompts, conditions) ─▶ order ─▶ Tasks
"""

from tierwise.tasks.task import Task as Task
from tierwise.tasks.tasks_of_file import Tasks as Tasks
from tierwise.tasks.tasks_of_file import default_tasks as default_tasks
from tierwise.tasks.tasks_of_file import load_tasks as load_tasks

__all__ = ["Task", "Tasks", "default_tasks", "load_tasks"]
