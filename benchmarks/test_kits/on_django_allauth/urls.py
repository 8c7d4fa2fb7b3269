from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.urls import include, path


@login_required
def me(request):
    if request.method == "POST":
        request.user.company = request.POST["company"]
        request.user.save()
    return JsonResponse({"email": request.user.email, "company": request.user.company})


urlpatterns = [path("accounts/", include("allauth.urls")), path("me", me)]
