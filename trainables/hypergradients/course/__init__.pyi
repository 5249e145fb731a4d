from .epochs import Course as Course
